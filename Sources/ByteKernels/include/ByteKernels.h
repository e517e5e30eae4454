// Kernels over bytes that Swift cannot write as fast: one call a buffer, the best variant for the processor chosen at run time.
//
// Every variant gives exactly what the portable one gives.

#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Readable bytes that must lie before and behind every buffer given to a kernel. Their values do not change what is found.
#define KERNEL_SLACK 128

/// The variants, from the slowest to the fastest.
typedef enum {
    KERNEL_PORTABLE = 0,
    KERNEL_AVX2 = 1,
    /// AVX-512 with VBMI: look-ups of 128 entries in a register.
    KERNEL_AVX512 = 2,
} kernel_variant;

/// The fastest variant that this processor can run.
kernel_variant kernel_best_variant(void);

// MARK: The sieve

/// Offsets around an anchor at which the sieve looks, ascending: those near the anchor tell most, far ones tell a long token from a word.
#define SIEVE_OFFSETS 10
#define SIEVE_LEAST_OFFSET (-1)
#define SIEVE_GREATEST_OFFSET 11
static const int8_t sieve_offsets[SIEVE_OFFSETS] = {SIEVE_LEAST_OFFSET, 0, 1, 2, 3, 4, 6, 7, 9, SIEVE_GREATEST_OFFSET};

/// Groups of grams that it tells apart, eight to a byte.
#define SIEVE_BYTES 4
#define SIEVE_BUCKETS (8 * SIEVE_BYTES)

/// What a sieve looks for: an anchor passes in a bucket if at every offset the byte there is in the bucket's set.
///
/// Bytes of 0x80 and above are one: a set holds all of them or none.
typedef struct {
    /// Offset and byte → a bit for each bucket.
    uint32_t sets[SIEVE_OFFSETS][256];
    // The same for the look-up instructions, derived by `sieve_prepare`, eight buckets apart from the next.
    uint8_t ascii[SIEVE_BYTES][SIEVE_OFFSETS][128];
    uint8_t high[SIEVE_BYTES][SIEVE_OFFSETS];
    uint8_t low_nibble[SIEVE_BYTES][SIEVE_OFFSETS][16];
    uint8_t high_nibble[SIEVE_BYTES][SIEVE_OFFSETS][16];
} sieve;

/// An anchor that passed.
typedef struct {
    uint32_t position;
    /// A bit for each bucket.
    uint32_t buckets;
} sieve_hit;

/// Derives the other tables from `sets`.
void sieve_prepare(sieve *sieve);

/// Writes the anchors in `bytes` that pass to `hits`, in order, which must have room for `count`; gives their number.
size_t sieve_run(const sieve *sieve, kernel_variant variant, const uint8_t *bytes, size_t count, sieve_hit *hits);

/// The grams of a bucket that stand at an anchor: a bit for each.
///
/// - Parameter grams: for each offset 256 words, a bit for each gram whose set has the byte.
static inline uint64_t sieve_standing(const uint64_t *grams, const uint8_t *anchor) {
    uint64_t standing = grams[anchor[-1]];
    standing &= grams[256 + anchor[0]];
    standing &= grams[2 * 256 + anchor[1]];
    standing &= grams[3 * 256 + anchor[2]];
    standing &= grams[4 * 256 + anchor[3]];
    standing &= grams[5 * 256 + anchor[4]];
    standing &= grams[6 * 256 + anchor[6]];
    standing &= grams[7 * 256 + anchor[7]];
    standing &= grams[8 * 256 + anchor[9]];
    standing &= grams[9 * 256 + anchor[11]];
    return standing;
}

// MARK: The structure of JSON

/// What is known of 64 bytes of JSON: bit i is byte i. Bytes behind the end of the buffer count as spaces.
typedef struct {
    /// Quotes that begin or end a string.
    uint64_t quotes;
    /// Inside a string, its first quote included, its last one not.
    uint64_t strings;
    /// Backslashes inside of strings.
    uint64_t backslashes;
    /// `{ } [ ] : ,` outside of strings.
    uint64_t operators;
    /// Outside of strings and neither operator, white space nor quote: numbers, literals, and what is no JSON.
    uint64_t scalars;
    /// Among `scalars`, bytes that keep their run from being a plain number: a minus or none, digits, at most one point behind the first of them, no
    /// needless zero in front. A run is plain if it has none of them and ends on a digit. Marks all of a run's bytes in a block that it fills.
    uint64_t odd;
} json_block;

/// What goes over from one buffer to the next.
typedef struct {
    /// The next byte is the second one of an escape.
    bool escaped;
    bool in_string;
} json_carry;

/// Fills `blocks`, one for each 64 bytes begun, and moves `carry` on.
void json_structure(kernel_variant variant, const uint8_t *bytes, size_t count, json_carry *carry, json_block *blocks);
