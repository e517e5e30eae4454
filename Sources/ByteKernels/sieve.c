// The sieve: which places of a buffer have, at fixed offsets around them, bytes of given sets. Many groups of sets at once.
//
// A place stays in a bucket as long as each byte around it is in the bucket's set for that offset, so one look-up and one AND an offset
// decide eight buckets for as many bytes as a register holds.

#include "ByteKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void sieve_prepare(sieve *sieve) {
    uint32_t used = 0;
    for (int byte = 0; byte < 256; byte++) used |= sieve->sets[0][byte];
    sieve->parts = used >> 16 ? SIEVE_BYTES : 2;
    sieve->offsets = used & ~sieve->literal_buckets ? SIEVE_OFFSETS : SIEVE_NEAR_OFFSETS;
    for (int offset = 0; offset < SIEVE_OFFSETS; offset++) {
        for (int part = 0; part < SIEVE_BYTES; part++) {
            uint8_t *low_nibble = sieve->low_nibble[part][offset];
            uint8_t *high_nibble = sieve->high_nibble[part][offset];
            memset(low_nibble, 0, 16);
            memset(high_nibble, 0, 16);
            for (int byte = 0; byte < 256; byte++) {
                uint8_t buckets = (uint8_t)(sieve->sets[offset][byte] >> (8 * part));
                sieve->bytes[part][offset][byte] = buckets;
                low_nibble[byte & 15] |= buckets;
                high_nibble[byte >> 4] |= buckets;
            }
        }
    }
}

static inline uint32_t buckets_at(const sieve *sieve, const uint8_t *anchor) {
    uint32_t buckets = sieve->sets[0][anchor[sieve_offsets[0]]];
    for (int offset = 1; offset < sieve->offsets && buckets; offset++) buckets &= sieve->sets[offset][anchor[sieve_offsets[offset]]];
    return buckets;
}

/// What the buckets' sets say at the offsets that the first stage leaves out.
static inline __attribute__((always_inline)) uint32_t late_buckets_at(const sieve *sieve, const uint8_t *anchor) {
    uint32_t buckets = ~0u;
#pragma clang loop unroll(full)
    for (int offset = 0; offset < SIEVE_LATE_OFFSETS; offset++) buckets &= sieve->sets[SIEVE_OFFSETS + offset][anchor[sieve_late_offsets[offset]]];
    return buckets;
}

static size_t run_portable(const sieve *sieve, const uint8_t *bytes, size_t from, size_t count, sieve_hit *hits) {
    size_t found = 0;
    for (size_t position = from; position < count; position++) {
        uint32_t buckets = buckets_at(sieve, bytes + position);
        if (buckets) hits[found++] = (sieve_hit){(uint32_t)position, buckets};
    }
    return found;
}

#if defined(__x86_64__)

// Nibble look-ups let some bytes pass that are in no set, so each place found is looked at again.
__attribute__((target("avx2,bmi"))) static size_t run_avx2(const sieve *sieve, const uint8_t *bytes, size_t count, sieve_hit *hits) {
    size_t found = 0;
    size_t position = 0;
    const __m256i nibble = _mm256_set1_epi8(15);
    for (; position + 32 <= count; position += 32) {
        __m256i standing[SIEVE_BYTES];
        for (int part = 0; part < SIEVE_BYTES; part++) standing[part] = _mm256_set1_epi8(-1);
        for (int offset = 0; offset < sieve->offsets; offset++) {
            __m256i block = _mm256_loadu_si256((const __m256i *)(bytes + position + sieve_offsets[offset]));
            __m256i low = _mm256_and_si256(block, nibble);
            __m256i high = _mm256_and_si256(_mm256_srli_epi16(block, 4), nibble);
#pragma clang loop unroll(full)
            for (int part = 0; part < SIEVE_BYTES; part++) {
#define LOOK_UP(name, index) \
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)sieve->name[part][offset])), index)
                standing[part] = _mm256_and_si256(standing[part], _mm256_and_si256(LOOK_UP(low_nibble, low), LOOK_UP(high_nibble, high)));
#undef LOOK_UP
            }
        }
        __m256i any = standing[0];
        for (int part = 1; part < SIEVE_BYTES; part++) any = _mm256_or_si256(any, standing[part]);
        __m256i none = _mm256_cmpeq_epi8(any, _mm256_setzero_si256());
        uint32_t places = ~(uint32_t)_mm256_movemask_epi8(none);
        for (; places; places &= places - 1) {
            size_t place = position + (size_t)__builtin_ctz(places);
            uint32_t buckets = buckets_at(sieve, bytes + place);
            if (buckets) hits[found++] = (sieve_hit){(uint32_t)place, buckets};
        }
    }
    return found + run_portable(sieve, bytes, position, count, hits + found);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi")))

/// Blocks of 64 bytes that are looked at together: loading the tables is what takes the time, and so it is done once for all of them.
#define TOGETHER 4

/// Takes out of `standing` the places whose byte at an offset is not in their buckets' sets.
AVX512 static inline __attribute__((always_inline)) void look_up(
    const sieve *sieve, const uint8_t *bytes, int offset, bool may_be_high, int parts, int count, __m512i standing[][SIEVE_BYTES]) {
    __m512i blocks[TOGETHER];
    __mmask64 high[TOGETHER];
#pragma clang loop unroll(full)
    for (int block = 0; block < count; block++) {
        blocks[block] = _mm512_loadu_si512(bytes + 64 * block + sieve_offsets[offset]);
        high[block] = may_be_high ? _mm512_movepi8_mask(blocks[block]) : 0;
    }
#pragma clang loop unroll(full)
    for (int part = 0; part < parts; part++) {
        const uint8_t *table = sieve->bytes[part][offset];
        __m512i low_half = _mm512_loadu_si512(table), high_half = _mm512_loadu_si512(table + 64);
        // A look-up knows 128 entries and passes over the top bit, so those of 0x80 and above are looked up apart, where there are any.
        __m512i low_half_of_high = low_half, high_half_of_high = low_half;
        if (may_be_high) low_half_of_high = _mm512_loadu_si512(table + 128), high_half_of_high = _mm512_loadu_si512(table + 192);
#pragma clang loop unroll(full)
        for (int block = 0; block < count; block++) {
            __m512i buckets = _mm512_permutex2var_epi8(low_half, blocks[block], high_half);
            if (may_be_high) {
                __m512i of_high = _mm512_permutex2var_epi8(low_half_of_high, blocks[block], high_half_of_high);
                buckets = _mm512_mask_mov_epi8(buckets, high[block], of_high);
            }
            standing[block][part] = _mm512_and_si512(standing[block][part], buckets);
        }
    }
}

/// Looks at `blocks` blocks at `position`, of which `count` bytes in all of the buffer are there; gives the number of hits written.
AVX512 static inline __attribute__((always_inline)) size_t run_blocks(
    const sieve *sieve, int parts, int offsets, const uint8_t *bytes, size_t position, size_t count, int blocks, sieve_hit *hits) {
    const uint8_t *start = bytes + position;
    __m512i standing[TOGETHER][SIEVE_BYTES];
    __m512i all = _mm512_setzero_si512();
#pragma clang loop unroll(full)
    for (int block = 0; block < blocks; block++) {
        for (int part = 0; part < parts; part++) standing[block][part] = _mm512_set1_epi8(-1);
        // Between them the first and the last offset see every byte that is looked at.
        all = _mm512_or_si512(all, _mm512_loadu_si512(start + 64 * block + SIEVE_LEAST_OFFSET));
        all = _mm512_or_si512(all, _mm512_loadu_si512(start + 64 * block + SIEVE_GREATEST_OFFSET));
    }
    if (__builtin_expect(_mm512_movepi8_mask(all) == 0, 1)) {
#pragma clang loop unroll(full)
        for (int offset = 0; offset < offsets; offset++) look_up(sieve, start, offset, false, parts, blocks, standing);
    } else {
#pragma clang loop unroll(full)
        for (int offset = 0; offset < offsets; offset++) look_up(sieve, start, offset, true, parts, blocks, standing);
    }
    size_t found = 0;
#pragma clang loop unroll(full)
    for (int block = 0; block < blocks; block++) {
        size_t first = position + (size_t)(64 * block);
        __m512i any = standing[block][0];
        for (int part = 1; part < parts; part++) any = _mm512_or_si512(any, standing[block][part]);
        uint64_t places = _mm512_test_epi8_mask(any, any);
        if (count - first < 64) places &= ~0ull >> (64 - (count - first));
        if (!places) continue;
        uint8_t passing[SIEVE_BYTES][64];
        for (int part = 0; part < parts; part++) _mm512_storeu_si512(passing[part], standing[block][part]);
        for (; places; places &= places - 1) {
            size_t place = (size_t)__builtin_ctzll(places);
            uint32_t buckets = 0;
            for (int part = 0; part < parts; part++) buckets |= (uint32_t)passing[part][place] << (8 * part);
            hits[found++] = (sieve_hit){(uint32_t)(first + place), buckets};
        }
    }
    return found;
}

AVX512 static inline __attribute__((always_inline)) size_t run_parts(
    const sieve *sieve, int parts, int offsets, const uint8_t *bytes, size_t count, sieve_hit *hits) {
    size_t found = 0, position = 0;
    for (; position + 64 * TOGETHER <= count; position += 64 * TOGETHER)
        found += run_blocks(sieve, parts, offsets, bytes, position, count, TOGETHER, hits + found);
    for (; position < count; position += 64) found += run_blocks(sieve, parts, offsets, bytes, position, count, 1, hits + found);
    return found;
}

AVX512 static size_t run_avx512(const sieve *sieve, const uint8_t *bytes, size_t count, sieve_hit *hits) {
    if (sieve->offsets == SIEVE_NEAR_OFFSETS && sieve->parts == 2) return run_parts(sieve, 2, SIEVE_NEAR_OFFSETS, bytes, count, hits);
    if (sieve->offsets == SIEVE_NEAR_OFFSETS) return run_parts(sieve, SIEVE_BYTES, SIEVE_NEAR_OFFSETS, bytes, count, hits);
    if (sieve->parts == 2) return run_parts(sieve, 2, SIEVE_OFFSETS, bytes, count, hits);
    return run_parts(sieve, SIEVE_BYTES, SIEVE_OFFSETS, bytes, count, hits);
}

#endif

size_t sieve_run(const sieve *sieve, kernel_variant variant, const uint8_t *bytes, size_t count, sieve_hit *hits) {
    switch (variant) {
#if defined(__x86_64__)
        case KERNEL_AVX512: return run_avx512(sieve, bytes, count, hits);
        case KERNEL_AVX2: return run_avx2(sieve, bytes, count, hits);
#endif
        default: return run_portable(sieve, bytes, 0, count, hits);
    }
}

/// The words of a bucket's grams: offsets times bytes.
#define GRAM_WORDS ((SIEVE_OFFSETS + SIEVE_LATE_OFFSETS) * 256)

/// The grams of a bucket that stand at an anchor, by what is seen at the first offsets, and by what is seen at the late ones.
static inline __attribute__((always_inline)) uint32_t standing_at(const uint32_t *grams, const uint8_t *anchor) {
    uint32_t standing = ~0u;
#pragma clang loop unroll(full)
    for (int offset = 0; offset < SIEVE_OFFSETS; offset++) standing &= grams[256 * offset + anchor[sieve_offsets[offset]]];
    return standing;
}

static inline __attribute__((always_inline)) uint32_t standing_late_at(const uint32_t *grams, const uint8_t *anchor) {
    uint32_t standing = ~0u;
#pragma clang loop unroll(full)
    for (int offset = 0; offset < SIEVE_LATE_OFFSETS; offset++) standing &= grams[256 * (SIEVE_OFFSETS + offset) + anchor[sieve_late_offsets[offset]]];
    return standing;
}

static inline __attribute__((always_inline)) uint32_t literal_hash(const uint8_t *bytes) {
    uint32_t four;
    memcpy(&four, bytes, 4);
    return ((four | 0x20202020u) * 0x9E3779B1u) >> (32 - SIEVE_LITERAL_BITS);
}

void sieve_add_literal(sieve *sieve, const uint8_t *bytes) {
    uint32_t hash = literal_hash(bytes);
    sieve->literals[hash / 64] |= 1ull << (hash & 63);
}

/// Hits that `sieve_sift` takes through its steps at a time.
#define SIFTED 64

// Of hundreds of literals in a bucket few tell much by their sets, byte by byte; the first four bytes together tell nearly all. That takes one load,
// where the grams' words take ten.
//
// Each step goes over all that the one before has left, without a branch that asks what is left, so that it runs as fast as its words are loaded. (With all
// steps in one loop over the hits, the branches that were guessed wrong cost more than all the rest.)
static size_t sift(const sieve *sieve, const uint32_t *grams, const uint8_t *bytes, const sieve_hit *hits, size_t count, sieve_place *places) {
    sieve_hit left[SIFTED];
    size_t kept = 0;
    for (size_t index = 0; index < count; index++) {
        sieve_hit hit = hits[index];
        uint32_t hash = literal_hash(bytes + hit.position);
        uint32_t known = (uint32_t)(sieve->literals[hash / 64] >> (hash & 63) & 1);
        hit.buckets &= ~sieve->literal_buckets | (0 - known);
        hit.buckets &= late_buckets_at(sieve, bytes + hit.position);
        left[kept] = hit;
        kept += hit.buckets != 0;
    }
    size_t pairs = 0;
    for (size_t index = 0; index < kept; index++) {
        for (uint32_t buckets = left[index].buckets; buckets; buckets &= buckets - 1)
            places[pairs++] = (sieve_place){left[index].position, (uint32_t)__builtin_ctz(buckets), 0};
    }
    size_t standing = 0;
    for (size_t index = 0; index < pairs; index++) {
        sieve_place place = places[index];
        place.grams = standing_at(grams + place.bucket * GRAM_WORDS, bytes + place.position);
        places[standing] = place;
        standing += place.grams != 0;
    }
    size_t found = 0;
    for (size_t index = 0; index < standing; index++) {
        sieve_place place = places[index];
        place.grams &= standing_late_at(grams + place.bucket * GRAM_WORDS, bytes + place.position);
        places[found] = place;
        found += place.grams != 0;
    }
    return found;
}

size_t sieve_sift(const sieve *sieve, const uint32_t *grams, const uint8_t *bytes, const sieve_hit *hits, size_t count, sieve_place *places) {
    size_t found = 0;
    for (size_t first = 0; first < count; first += SIFTED)
        found += sift(sieve, grams, bytes, hits + first, count - first < SIFTED ? count - first : SIFTED, places + found);
    return found;
}

size_t sieve_look(const sieve *sieve, const uint32_t *grams, const uint8_t *anchor, size_t known, uint32_t position, sieve_place *places) {
    int offsets = 0, late = 0;
    while (offsets < SIEVE_OFFSETS && sieve_offsets[offsets] < (int)known) offsets++;
    while (late < SIEVE_LATE_OFFSETS && sieve_late_offsets[late] < (int)known) late++;
    uint32_t buckets = ~0u;
    for (int offset = 0; offset < offsets; offset++) buckets &= sieve->sets[offset][anchor[sieve_offsets[offset]]];
    size_t found = 0;
    for (; buckets; buckets &= buckets - 1) {
        uint32_t bucket = (uint32_t)__builtin_ctz(buckets);
        const uint32_t *words = grams + bucket * GRAM_WORDS;
        uint32_t standing = ~0u;
        for (int offset = 0; offset < offsets; offset++) standing &= words[256 * offset + anchor[sieve_offsets[offset]]];
        for (int offset = 0; offset < late; offset++) standing &= words[256 * (SIEVE_OFFSETS + offset) + anchor[sieve_late_offsets[offset]]];
        places[found] = (sieve_place){position, bucket, standing};
        found += standing != 0;
    }
    return found;
}

kernel_variant kernel_best_variant(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("pclmul"))
        return KERNEL_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul")) return KERNEL_AVX2;
#endif
    return KERNEL_PORTABLE;
}
