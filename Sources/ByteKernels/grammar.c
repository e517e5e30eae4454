// The grammar of JSON, a block of 64 bytes at a time: between two brackets an object's tokens come in fours and an array's in twos, so that a stretch of
// tokens is right if the bits of its colons and commas, closed up, are those of a pattern.
//
// Closing up is one instruction (`pext`) for each kind of token, and the comparison one more, however many tokens there are. Going from token
// to token through a table, with a load that waits for the one before it, took 2 ns a token; this takes about 5 ns a block and 3 ns a bracket.

#include "ByteKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static inline __attribute__((always_inline)) uint64_t low_bits(unsigned count) { return count > 63 ? ~0ull : (1ull << count) - 1; }

/// Whether a run of scalars is one of the three literals.
static inline __attribute__((always_inline)) bool is_literal(const uint8_t *run, unsigned length) {
    return (length == 4 && (memcmp(run, "true", 4) == 0 || memcmp(run, "null", 4) == 0)) || (length == 5 && memcmp(run, "false", 5) == 0);
}

static inline __attribute__((always_inline)) bool is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

/// Whether the runs of scalars that begin in a block are plain numbers or literals, and end before `count`.
static inline __attribute__((always_inline)) bool are_plain(
    const json_block *blocks, const uint8_t *bytes, size_t block, size_t count, uint64_t starts, uint64_t previous) {
    uint64_t scalars = blocks[block].scalars;
    // A run that goes on from the block before was looked at there.
    uint64_t odd = blocks[block].odd & ~(previous ? scalars & ~(scalars + 1) : 0);
    const uint8_t *first = bytes + 64 * block;
    if (scalars >> 63) {
        // One that goes on in the next block is looked at as a whole.
        if (!starts) return false;
        unsigned start = 63 - (unsigned)__builtin_clzll(starts);
        uint64_t next = blocks[block + 1].scalars;
        if (next == ~0ull) return false;
        unsigned more = (unsigned)__builtin_ctzll(~next);
        if (64 * (block + 1) + more >= count) return false;
        uint64_t run = ~0ull << start;
        bool is_number = !(odd & run) && !(blocks[block + 1].odd & low_bits(more)) && is_digit(bytes[64 * (block + 1) + more - 1]);
        if (!is_number && !is_literal(first + start, 64 - start + more)) return false;
        odd &= ~run;
    }
    while (odd) {
        unsigned start = 63 - (unsigned)__builtin_clzll(starts & low_bits((unsigned)__builtin_ctzll(odd) + 1));
        unsigned length = (unsigned)__builtin_ctzll(~(scalars >> start));
        if (!is_literal(first + start, length)) return false;
        odd &= ~(low_bits(length) << start);
    }
    return true;
}

/// Bit i is set if i is 0 (mod 4), (mod 2).
static const uint64_t every_fourth = 0x1111111111111111ull, every_second = 0x5555555555555555ull;

typedef uint64_t closing_up(uint64_t bits, uint64_t mask);

static inline __attribute__((always_inline)) size_t walk(
    closing_up *close_up, const json_block *blocks, const uint8_t *bytes, size_t from, size_t count, json_place *place) {
    size_t block = from / 64, last = (count - 1) / 64;
    uint64_t previous = block ? blocks[block - 1].scalars >> 63 : 0;
    for (; block < last; block++) {
        const json_block *is = blocks + block;
        uint64_t starts = is->scalars & ~(is->scalars << 1 | previous);
        if (__builtin_expect((is->odd | is->scalars >> 63) != 0, 0) && !are_plain(blocks, bytes, block, count, starts, previous)) return 64 * block;
        previous = is->scalars >> 63;

        uint64_t brackets = is->brackets;
        uint64_t tokens = is->colons | is->commas | brackets | (is->quotes & is->strings) | starts;
        uint64_t colons = close_up(is->colons, tokens), commas = close_up(is->commas, tokens), numbers = close_up(starts, tokens);
        unsigned total = (unsigned)__builtin_popcountll(tokens), done = 0;
        size_t reached = 64 * block;
        while (true) {
            // The stretch of tokens up to the next bracket or the end of the block.
            unsigned next = brackets ? (unsigned)__builtin_popcountll(tokens & ((brackets & -brackets) - 1)) : total;
            if (next > done) {
                uint64_t wrong;
                unsigned phase = place->phase;
                if (place->surroundings == JSON_IN_OBJECT) {
                    // Keys, colons, values and commas are 0, 1, 2 and 3 (mod 4).
                    uint64_t keys = every_fourth << (-phase & 3);
                    wrong = (colons >> done ^ every_fourth << ((1 - phase) & 3)) | (commas >> done ^ every_fourth << ((3 - phase) & 3))
                        | (numbers >> done & keys);
                    phase = (phase + next - done) & 3;
                } else if (place->surroundings == JSON_IN_ARRAY) {
                    wrong = (commas >> done ^ every_second << (~phase & 1)) | colons >> done;
                    phase = (phase + next - done) & 1;
                } else {
                    wrong = (colons | commas) >> done;
                }
                if (wrong & low_bits(next - done)) return reached;
                place->phase = (uint8_t)phase;
                place->is_empty = false;
            }
            if (!brackets) break;
            reached = 64 * block + (unsigned)__builtin_ctzll(brackets);
            uint8_t bracket = bytes[reached];
            bool is_object = bracket & 0x20;
            if ((bracket | 0x20) == '{') {
                bool is_value = place->phase == (place->surroundings == JSON_IN_OBJECT ? 2 : 0);
                if (!is_value || place->depth >= place->capacity) return reached;
                uint64_t bit = 1ull << (place->depth & 63), *level = place->levels + place->depth / 64;
                *level = is_object ? *level | bit : *level & ~bit;
                place->depth++;
                place->surroundings = is_object ? JSON_IN_OBJECT : JSON_IN_ARRAY;
                place->phase = 0;
                place->is_empty = true;
            } else {
                uint8_t wanted = is_object ? JSON_IN_OBJECT : JSON_IN_ARRAY;
                bool may_end = place->is_empty || place->phase == (is_object ? 3 : 1);
                if (place->surroundings != wanted || !may_end) return reached;
                place->depth--;
                place->is_empty = false;
                if (place->depth == 0) {
                    place->surroundings = JSON_OUTERMOST;
                    place->phase = 0;
                } else {
                    bool in_object = place->levels[(place->depth - 1) / 64] >> ((place->depth - 1) & 63) & 1;
                    place->surroundings = in_object ? JSON_IN_OBJECT : JSON_IN_ARRAY;
                    place->phase = in_object ? 3 : 1;
                }
            }
            reached++;
            done = next + 1;
            brackets &= brackets - 1;
        }
    }
    return 64 * block;
}

static inline uint64_t close_up_portable(uint64_t bits, uint64_t mask) {
    uint64_t closed = 0;
    for (unsigned count = 0; mask; mask &= mask - 1, count++)
        if (bits & mask & -mask) closed |= 1ull << count;
    return closed;
}

#if defined(__x86_64__)
#define BMI2 __attribute__((target("bmi,bmi2,popcnt,lzcnt")))
BMI2 static inline __attribute__((always_inline)) uint64_t close_up_bmi2(uint64_t bits, uint64_t mask) { return _pext_u64(bits, mask); }

BMI2 static size_t walk_bmi2(const json_block *blocks, const uint8_t *bytes, size_t from, size_t count, json_place *place) {
    return walk(close_up_bmi2, blocks, bytes, from, count, place);
}
#endif

size_t json_walk(kernel_variant variant, const json_block *blocks, const uint8_t *bytes, size_t from, size_t count, json_place *place) {
#if defined(__x86_64__)
    if (variant != KERNEL_PORTABLE) return walk_bmi2(blocks, bytes, from, count, place);
#endif
    return walk(close_up_portable, blocks, bytes, from, count, place);
}
