// Words: where in a buffer one of thousands of words may begin, those of contexts and those that matches begin with.
//
// A word begins where a letter follows on what is none, so a sixth of the places of ordinary text is looked at. There the first three and four bytes are
// hashed and looked up in sets of those that words begin with, and of the few that pass the first six. That costs the same for ten words
// and for thousands; in the sieve, whose sets are of single bytes, a thousand words let every tenth place pass.

#include "ByteKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const uint64_t case_bits = 0x2020202020202020ull;

static inline __attribute__((always_inline)) uint32_t hash(uint64_t bytes, int bits) { return (uint32_t)((bytes * 0x9E3779B97F4A7C15ull) >> (64 - bits)); }

static inline __attribute__((always_inline)) uint64_t has(const uint64_t *set, uint32_t index) { return set[index / 64] >> (index & 63); }

static void put(uint64_t *set, uint32_t index) { set[index / 64] |= 1ull << (index & 63); }

/// The first bytes of a word in the top of a register, capital letters as small ones (and some other bytes changed, too, on both sides).
static inline __attribute__((always_inline)) uint64_t first_bytes(uint64_t eight, int count) { return (eight | case_bits) << (64 - 8 * count); }

static inline __attribute__((always_inline)) bool is_letter(uint8_t byte) { return (uint8_t)((byte | 0x20) - 'a') < 26; }

void word_filter_add(word_filter *filter, const uint8_t *word, size_t count) {
    uint64_t eight = 0;
    memcpy(&eight, word, count < 8 ? count : 8);
    // Words of less than three bytes are too short to be told apart: all places are looked at.
    if (count < 3) memset(filter->three, 0xFF, sizeof filter->three);
    if (count == 3) put(filter->three, hash(first_bytes(eight, 3), WORD_THREE_BITS));
    if (count > 3) put(filter->four, hash(first_bytes(eight, 4), WORD_FOUR_BITS));
    if (count == 4 || count == 5) put(filter->short_four, hash(first_bytes(eight, 4), WORD_FOUR_BITS));
    if (count > 5) put(filter->six, hash(first_bytes(eight, 6), WORD_SIX_BITS));
    if (!is_letter(word[0])) filter->others[word[0]] = 1;
}

/// Whether a word may begin at a place, by what stands there and before it.
static inline bool may_begin(const word_filter *filter, const uint8_t *place) {
    uint8_t byte = place[0], before = place[-1];
    if (!is_letter(byte)) return filter->others[byte];
    return !is_letter(before) || ((before & 0x20) && !(byte & 0x20));
}

static inline __attribute__((always_inline)) size_t look_up(
    const word_filter *filter, const uint8_t *bytes, size_t first, uint64_t begins, uint32_t *places, size_t found) {
    for (; begins; begins &= begins - 1) {
        size_t place = first + (size_t)__builtin_ctzll(begins);
        uint64_t eight;
        memcpy(&eight, bytes + place, 8);
        uint64_t stands = has(filter->three, hash(first_bytes(eight, 3), WORD_THREE_BITS)) | has(filter->four, hash(first_bytes(eight, 4), WORD_FOUR_BITS));
        places[found] = (uint32_t)place;
        found += stands & 1;
    }
    return found;
}

/// Keeps those places at which more than the first four bytes agree, if the word has more, and says how many bytes do.
static size_t look_again(const word_filter *filter, const uint8_t *bytes, uint32_t *places, size_t count) {
    size_t kept = 0;
    for (size_t index = 0; index < count; index++) {
        uint64_t eight;
        memcpy(&eight, bytes + places[index], 8);
        uint64_t three = has(filter->three, hash(first_bytes(eight, 3), WORD_THREE_BITS)), four = has(filter->short_four, hash(first_bytes(eight, 4), WORD_FOUR_BITS)),
                 six = has(filter->six, hash(first_bytes(eight, 6), WORD_SIX_BITS));
        places[kept] = places[index] | (uint32_t)((three & 1) << WORD_PLACE_BITS | (four & 1) << (WORD_PLACE_BITS + 1) | (six & 1) << (WORD_PLACE_BITS + 2));
        kept += (three | four | six) & 1;
    }
    return kept;
}

static size_t run_portable(const word_filter *filter, const uint8_t *bytes, size_t from, size_t count, uint32_t *places, size_t found) {
    for (size_t position = from; position < count; position++)
        if (may_begin(filter, bytes + position)) found = look_up(filter, bytes, position, 1, places, found);
    return found;
}

#if defined(__x86_64__)

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi,bmi2")))

AVX512 static inline __attribute__((always_inline)) __mmask64 within(__m512i bytes, char first, int count) {
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(first)), _mm512_set1_epi8((char)count));
}

AVX512 static size_t run_avx512(const word_filter *filter, const uint8_t *bytes, size_t count, uint32_t *places) {
    size_t found = 0;
    const __m512i case_bit = _mm512_set1_epi8(0x20);
    __m512i others[4];
    for (int part = 0; part < 4; part++) others[part] = _mm512_loadu_si512(filter->others + 64 * part);
    __m512i any_ascii = _mm512_or_si512(others[0], others[1]), any_high = _mm512_or_si512(others[2], others[3]);
    bool has_ascii = _mm512_test_epi8_mask(any_ascii, any_ascii) != 0, has_high = _mm512_test_epi8_mask(any_high, any_high) != 0;
    for (size_t position = 0; position < count; position += 64) {
        __m512i here = _mm512_loadu_si512(bytes + position), before = _mm512_loadu_si512(bytes + position - 1);
        __mmask64 letters = within(_mm512_or_si512(here, case_bit), 'a', 26), behind = within(_mm512_or_si512(before, case_bit), 'a', 26);
        __mmask64 capitals = within(here, 'A', 26), small = within(before, 'a', 26);
        __mmask64 high = _mm512_movepi8_mask(here);
        uint64_t begins = letters & (~behind | (small & capitals));
        if (has_ascii) {
            __m512i other = _mm512_permutex2var_epi8(others[0], here, others[1]);
            begins |= _mm512_mask_test_epi8_mask(~high, other, other);
        }
        if (has_high && high) {
            __m512i other = _mm512_permutex2var_epi8(others[2], here, others[3]);
            begins |= _mm512_mask_test_epi8_mask(high, other, other);
        }
        if (count - position < 64) begins &= ~0ull >> (64 - (count - position));
        found = look_up(filter, bytes, position, begins, places, found);
    }
    return found;
}

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

AVX2 static inline __attribute__((always_inline)) uint32_t within_avx2(__m256i bytes, char first, int count) {
    __m256i moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8((char)(count - 1))), moved));
}

AVX2 static size_t run_avx2(const word_filter *filter, const uint8_t *bytes, size_t count, uint32_t *places) {
    size_t found = 0, position = 0;
    const __m256i case_bit = _mm256_set1_epi8(0x20);
    for (; position + 32 <= count; position += 32) {
        __m256i here = _mm256_loadu_si256((const __m256i *)(bytes + position)), before = _mm256_loadu_si256((const __m256i *)(bytes + position - 1));
        uint32_t letters = within_avx2(_mm256_or_si256(here, case_bit), 'a', 26), behind = within_avx2(_mm256_or_si256(before, case_bit), 'a', 26);
        uint32_t begins = letters & (~behind | (within_avx2(before, 'a', 26) & within_avx2(here, 'A', 26)));
        // There is no look-up of 128 entries here: one by one.
        for (uint32_t rest = ~letters; rest; rest &= rest - 1)
            if (filter->others[bytes[position + (size_t)__builtin_ctz(rest)]]) begins |= rest & -rest;
        found = look_up(filter, bytes, position, begins, places, found);
    }
    return run_portable(filter, bytes, position, count, places, found);
}

#endif

size_t word_filter_run(const word_filter *filter, kernel_variant variant, const uint8_t *bytes, size_t count, uint32_t *places) {
    switch (variant) {
#if defined(__x86_64__)
        case KERNEL_AVX512: return look_again(filter, bytes, places, run_avx512(filter, bytes, count, places));
        case KERNEL_AVX2: return look_again(filter, bytes, places, run_avx2(filter, bytes, count, places));
#endif
        default: return look_again(filter, bytes, places, run_portable(filter, bytes, 0, count, places, 0));
    }
}
