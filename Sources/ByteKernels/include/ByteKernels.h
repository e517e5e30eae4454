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
#define SIEVE_GREATEST_OFFSET 15
static const int8_t sieve_offsets[SIEVE_OFFSETS] = {SIEVE_LEAST_OFFSET, 0, 1, 2, 3, 4, 6, 8, 11, SIEVE_GREATEST_OFFSET};

/// Those that are enough for the first stage where all grams begin with four known bytes.
#define SIEVE_NEAR_OFFSETS 6

/// Those at which only places that have passed so far are looked at: `sieve_sift` goes on with them.
#define SIEVE_LATE_OFFSETS 7
static const int8_t sieve_late_offsets[SIEVE_LATE_OFFSETS] = {5, 7, 9, 10, 12, 13, 14};

/// Groups of grams that it tells apart, eight to a byte.
#define SIEVE_BYTES 4
#define SIEVE_BUCKETS (8 * SIEVE_BYTES)

#define SIEVE_LITERAL_BITS 15

/// What a sieve looks for: an anchor passes in a bucket if at every offset the byte there is in the bucket's set.
///
/// Best kept at a multiple of 64, so that no load of `bytes` lies over two cache lines: such loads take twice as long, and loads are what the kernel does most.
typedef struct {
    /// Offset and byte → a bit for each bucket; the late offsets behind the others.
    uint32_t sets[SIEVE_OFFSETS + SIEVE_LATE_OFFSETS][256];
    /// Bytes that the buckets in use take: two or all.
    int parts;
    /// Offsets that the first stage looks at: `SIEVE_NEAR_OFFSETS` or all.
    int offsets;
    // The same for the look-up instructions, derived by `sieve_prepare`, eight buckets apart from the next.
    uint8_t bytes[SIEVE_BYTES][SIEVE_OFFSETS][256];
    uint8_t low_nibble[SIEVE_BYTES][SIEVE_OFFSETS][16];
    uint8_t high_nibble[SIEVE_BYTES][SIEVE_OFFSETS][16];
    /// Buckets whose grams all begin with four known bytes, and hashes of these: see `sieve_add_literal`.
    uint32_t literal_buckets;
    uint64_t literals[(1 << SIEVE_LITERAL_BITS) / 64];
} sieve;

/// An anchor that passed.
typedef struct {
    uint32_t position;
    /// A bit for each bucket.
    uint32_t buckets;
} sieve_hit;

/// Derives the look-up tables from `sets` and `literal_buckets`.
void sieve_prepare(sieve *sieve);

/// Notes that a gram of one of the `literal_buckets` begins, from its anchor on, with these four bytes, in any case.
void sieve_add_literal(sieve *sieve, const uint8_t *bytes);

/// Writes the anchors in `bytes` that pass to `hits`, in order, which must have room for `count`; gives their number.
size_t sieve_run(const sieve *sieve, kernel_variant variant, const uint8_t *bytes, size_t count, sieve_hit *hits);

/// A place where grams of one bucket stand.
typedef struct {
    uint32_t position;
    uint32_t bucket;
    /// A bit for each of the bucket's grams.
    uint32_t grams;
} sieve_place;

/// Looks at the hits again, gram by gram, and writes those that are left to `places`, which must have room for `SIEVE_BUCKETS` a hit; gives their number.
///
/// - Parameter grams: for each bucket, offset (the late ones behind the others) and byte a word with a bit for each gram whose set has the byte.
size_t sieve_sift(const sieve *sieve, const uint32_t *grams, const uint8_t *bytes, const sieve_hit *hits, size_t count, sieve_place *places);

/// The grams that stand at an anchor of which `known` bytes are there from the anchor on, as far as they show: bytes that are not there yet are in every set.
///
/// - Parameters:
///   - grams: as for `sieve_sift`.
///   - position: for `places`, which must have room for `SIEVE_BUCKETS`.
size_t sieve_look(const sieve *sieve, const uint32_t *grams, const uint8_t *anchor, size_t known, uint32_t position, sieve_place *places);

// MARK: Words

#define WORD_THREE_BITS 13
#define WORD_FOUR_BITS 15
#define WORD_SIX_BITS 16

/// What words begin with: sets of hashes.
typedef struct {
    /// Of words of three bytes.
    uint64_t three[(1 << WORD_THREE_BITS) / 64];
    /// Of the first four bytes of longer words, and of those that have no six.
    uint64_t four[(1 << WORD_FOUR_BITS) / 64], short_four[(1 << WORD_FOUR_BITS) / 64];
    /// Of the first six.
    uint64_t six[(1 << WORD_SIX_BITS) / 64];
    /// Byte → whether a word begins with it; of letters nothing is said.
    uint8_t others[256];
} word_filter;

/// Adds a word of at least one byte, whose letters are small; of longer ones the first six bytes are enough.
void word_filter_add(word_filter *filter, const uint8_t *word, size_t count);

/// Bits of a place at which a word may begin. The three above them say what may begin there: a word of three bytes (or less), of four or five, of more.
#define WORD_PLACE_BITS 29

/// Writes places at which a word may begin to `places`, in order, which must have room for `count` + 1; gives their number. All are among them at which one
/// stands, in any case, whose first byte is no letter or has none before it or is the capital behind a small letter.
size_t word_filter_run(const word_filter *filter, kernel_variant variant, const uint8_t *bytes, size_t count, uint32_t *places);

// MARK: The structure of JSON

/// What is known of 64 bytes of JSON: bit i is byte i. Bytes behind the end of the buffer count as spaces.
typedef struct {
    /// Quotes that begin or end a string.
    uint64_t quotes;
    /// Inside a string, its first quote included, its last one not.
    uint64_t strings;
    /// Backslashes inside of strings.
    uint64_t backslashes;
    /// Outside of strings: `:`, `,`, and any of `{ } [ ]`.
    uint64_t colons, commas, brackets;
    /// Outside of strings and none of those, white space or quotes: numbers, literals, and what is no JSON.
    uint64_t scalars;
    /// Among `scalars`, bytes that keep their run from being a plain number: a minus or none, digits, at most one point behind the first of them, no
    /// needless zero in front, and a digit at its end (unless that is the last byte of the block). Marks all of a run's bytes in a block that it fills.
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

// MARK: The grammar of JSON

enum { JSON_OUTERMOST = 0, JSON_IN_ARRAY = 1, JSON_IN_OBJECT = 2 };

/// How far the grammar has been followed.
typedef struct {
    /// What the place lies in: one of the three above.
    uint8_t surroundings;
    /// What comes next: in an object 0 a key, 1 a colon, 2 a value, 3 a comma; in an array 0 a value, 1 a comma; outermost 0.
    uint8_t phase;
    /// Nothing has come since the bracket, so it may be closed.
    bool is_empty;
    uint32_t depth;
    /// Levels that `levels` has room for.
    uint32_t capacity;
    /// A bit for each level, set for an object.
    uint64_t *levels;
} json_place;

/// Follows the grammar from `from`, a multiple of 64, up to the last block begun, which is left to the caller, or up to where it takes more than this to tell.
///
/// Takes for granted that each number is plain and each other scalar a literal, and stops at the first block in which one is not.
/// - Returns: where it stopped: at the start of a block, or behind a bracket, or at one. `place` is what holds there.
size_t json_walk(kernel_variant variant, const json_block *blocks, const uint8_t *bytes, size_t from, size_t count, json_place *place);
