// The structure of JSON: which bytes of a buffer are quotes, strings, colons, commas, brackets and scalars, 64 at a time.
//
// Source: G. Langdale, D. Lemire, "Parsing gigabytes of JSON per second", 2019 (escapes by carry, strings by prefix XOR).

#include "ByteKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// The classes of 64 bytes, a bit for each.
typedef struct {
    uint64_t quotes, backslashes, colons, commas, brackets, spaces, digits, zeros, points, minuses;
} classes;

/// What goes over from one block to the next.
typedef struct {
    /// 1 if the next byte is the second one of an escape.
    uint64_t escaped;
    /// All ones inside of a string.
    uint64_t in_string;
    /// 1 if the last byte was a scalar; a digit; a point or a digit behind one; a minus that begins a run; a zero that begins a number.
    uint64_t scalar, digit, fraction, minus, zero, point;
} carry;

static inline __attribute__((always_inline)) uint64_t prefix_xor(uint64_t bits) {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

/// - Parameter string_starts: prefix XOR of the quotes is left to the caller, whose processor may have an instruction for it.
static inline __attribute__((always_inline)) uint64_t unescaped_quotes(const classes *is, carry *carry) {
    uint64_t escaped = carry->escaped;
    if (is->backslashes == 0) {
        carry->escaped = 0;
    } else {
        const uint64_t odd_bits = 0xAAAAAAAAAAAAAAAAull;
        uint64_t potential = is->backslashes & ~escaped;
        uint64_t moved = (((potential << 1) | odd_bits) - potential) ^ odd_bits;
        escaped = moved ^ (is->backslashes | escaped);
        carry->escaped = (moved & is->backslashes) >> 63;
    }
    return is->quotes & ~escaped;
}

static inline __attribute__((always_inline)) void finish(const classes *is, uint64_t quotes, uint64_t parity, carry *carry, json_block *block) {
    uint64_t strings = parity ^ carry->in_string;
    carry->in_string = (uint64_t)((int64_t)strings >> 63);
    uint64_t outside = ~(strings | quotes);
    uint64_t scalars = outside & ~(is->colons | is->commas | is->brackets | is->spaces);
    uint64_t digits = is->digits & scalars;
    uint64_t points = is->points & scalars;

    // A minus is plain where it begins a run and a digit follows; a zero where it begins a number and no digit follows.
    uint64_t starts = scalars & ~(scalars << 1 | carry->scalar);
    uint64_t minuses = is->minuses & starts;
    uint64_t first_digits = digits & (starts | minuses << 1 | carry->minus);
    uint64_t zeros = is->zeros & first_digits;
    // Runs of digits behind a point, by a carry that runs through them; a point at the end of such a run is the second one.
    uint64_t behind_point = (points << 1 | carry->point) & digits;
    uint64_t run_start = behind_point | (carry->fraction & digits & 1);
    uint64_t sum;
    bool over = __builtin_add_overflow(digits, run_start, &sum);
    uint64_t fractions = digits & ~sum;
    // Places behind the last digit of a fraction.
    uint64_t ends = (fractions << 1 | carry->fraction) & ~fractions;

    block->quotes = quotes;
    block->strings = strings;
    block->backslashes = is->backslashes & strings;
    block->colons = is->colons & outside;
    block->commas = is->commas & outside;
    block->brackets = is->brackets & outside;
    block->scalars = scalars;
    block->odd = (scalars & ~(digits | points | minuses))             // another character
        | ((zeros << 1 | carry->zero) & digits)                        // a needless zero
        | (points & ~(digits << 1 | carry->digit))                     // no digit before the point
        | (ends & points)                                              // a second point
        | (scalars & ~(scalars >> 1) & ~digits & ~(1ull << 63))        // no digit at the end
        | (scalars == ~0ull ? ~0ull : 0);                              // a run over many blocks
    carry->scalar = scalars >> 63;
    carry->digit = digits >> 63;
    carry->point = points >> 63;
    carry->minus = minuses >> 63;
    carry->zero = zeros >> 63;
    carry->fraction = over ? 1 : fractions >> 63;
}

static void structure_portable(const uint8_t *bytes, carry *carry, json_block *block) {
    classes is = {0};
    for (int index = 0; index < 64; index++) {
        uint8_t byte = bytes[index];
        uint64_t bit = 1ull << index;
        if (byte == '"') is.quotes |= bit;
        if (byte == '\\') is.backslashes |= bit;
        if (byte == ':') is.colons |= bit;
        if (byte == ',') is.commas |= bit;
        if (byte == '{' || byte == '}' || byte == '[' || byte == ']') is.brackets |= bit;
        if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') is.spaces |= bit;
        if (byte >= '0' && byte <= '9') is.digits |= bit;
        if (byte == '0') is.zeros |= bit;
        if (byte == '.') is.points |= bit;
        if (byte == '-') is.minuses |= bit;
    }
    uint64_t quotes = unescaped_quotes(&is, carry);
    finish(&is, quotes, prefix_xor(quotes), carry, block);
}

#if defined(__x86_64__)

__attribute__((target("avx2,pclmul,bmi"))) static inline __attribute__((always_inline)) uint64_t parity(uint64_t bits) {
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8(-1), 0));
}

__attribute__((target("avx2,pclmul,bmi"))) static inline __attribute__((always_inline)) void structure_avx2(const uint8_t *bytes, carry *carry, json_block *block) {
    classes is;
    __m256i first = _mm256_loadu_si256((const __m256i *)bytes), second = _mm256_loadu_si256((const __m256i *)(bytes + 32));
#define MASK(a, b) ((uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32)
#define IS(c) MASK(_mm256_cmpeq_epi8(first, _mm256_set1_epi8(c)), _mm256_cmpeq_epi8(second, _mm256_set1_epi8(c)))
    const __m256i space_table = _mm256_broadcastsi128_si256(_mm_setr_epi8(' ', 100, 100, 100, 17, 100, 113, 2, 100, '\t', '\n', 112, 100, '\r', 100, 100));
    const __m256i case_bit = _mm256_set1_epi8(0x20);
    is.quotes = IS('"');
    is.backslashes = IS('\\');
    is.points = IS('.');
    is.minuses = IS('-');
    is.zeros = IS('0');
    is.spaces = MASK(
        _mm256_cmpeq_epi8(first, _mm256_shuffle_epi8(space_table, first)), _mm256_cmpeq_epi8(second, _mm256_shuffle_epi8(space_table, second)));
    is.colons = IS(':');
    is.commas = IS(',');
    // With the case bit [ is { and ] is }, and no other byte becomes one of them.
    __m256i folded_first = _mm256_or_si256(first, case_bit), folded_second = _mm256_or_si256(second, case_bit);
#define IS_FOLDED(c) MASK(_mm256_cmpeq_epi8(folded_first, _mm256_set1_epi8(c)), _mm256_cmpeq_epi8(folded_second, _mm256_set1_epi8(c)))
    is.brackets = IS_FOLDED('{') | IS_FOLDED('}');
#undef IS_FOLDED
    __m256i zero = _mm256_set1_epi8('0'), nine = _mm256_set1_epi8(9);
    __m256i digit_first = _mm256_sub_epi8(first, zero), digit_second = _mm256_sub_epi8(second, zero);
    is.digits = MASK(
        _mm256_cmpeq_epi8(_mm256_min_epu8(digit_first, nine), digit_first), _mm256_cmpeq_epi8(_mm256_min_epu8(digit_second, nine), digit_second));
#undef IS
#undef MASK
    uint64_t quotes = unescaped_quotes(&is, carry);
    finish(&is, quotes, parity(quotes), carry, block);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,pclmul,bmi")))

AVX512 static inline __attribute__((always_inline)) uint64_t parity_avx512(uint64_t bits) {
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8(-1), 0));
}

AVX512 static inline __attribute__((always_inline)) void structure_avx512(const uint8_t *bytes, carry *carry, json_block *block) {
    classes is;
    __m512i all = _mm512_loadu_si512(bytes);
#define IS(c) _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8(c))
    is.quotes = IS('"');
    is.backslashes = IS('\\');
    is.points = IS('.');
    is.minuses = IS('-');
    is.zeros = IS('0');
    is.spaces = IS(' ') | IS('\n') | IS('\r') | IS('\t');
    __m512i folded = _mm512_or_si512(all, _mm512_set1_epi8(0x20));
    is.colons = IS(':');
    is.commas = IS(',');
    is.brackets = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{')) | _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}'));
    is.digits = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(all, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
#undef IS
    uint64_t quotes = unescaped_quotes(&is, carry);
    finish(&is, quotes, parity_avx512(quotes), carry, block);
}

#endif

/// Fills the blocks by a kernel for one of them. The last one may be cut short.
static inline __attribute__((always_inline)) void run(
    void (*kernel)(const uint8_t *, carry *, json_block *), const uint8_t *bytes, size_t count, carry *outer, json_block *blocks) {
    carry carry = *outer;
    size_t position = 0;
    for (; position + 64 <= count; position += 64) kernel(bytes + position, &carry, blocks++);
    if (position < count) {
        uint8_t last[64];
        memset(last, ' ', 64);
        memcpy(last, bytes + position, count - position);
        uint64_t before = carry.escaped;
        kernel(last, &carry, blocks);
        // The state behind the last byte that is there, not behind the spaces.
        size_t end = count - position;
        size_t backslashes = 0;
        while (backslashes < end && last[end - 1 - backslashes] == '\\') backslashes++;
        carry.escaped = (backslashes == end ? backslashes + before : backslashes) & 1;
        carry.in_string = blocks->strings >> (end - 1) & 1;
    }
    *outer = carry;
}

#if defined(__x86_64__)
AVX512 static void run_avx512(const uint8_t *bytes, size_t count, carry *carry, json_block *blocks) { run(structure_avx512, bytes, count, carry, blocks); }

__attribute__((target("avx2,pclmul,bmi"))) static void run_avx2(const uint8_t *bytes, size_t count, carry *carry, json_block *blocks) {
    run(structure_avx2, bytes, count, carry, blocks);
}
#endif

void json_structure(kernel_variant variant, const uint8_t *bytes, size_t count, json_carry *outer, json_block *blocks) {
    carry carry = {.escaped = outer->escaped, .in_string = outer->in_string ? ~0ull : 0};
    switch (variant) {
#if defined(__x86_64__)
        case KERNEL_AVX512: run_avx512(bytes, count, &carry, blocks); break;
        case KERNEL_AVX2: run_avx2(bytes, count, &carry, blocks); break;
#endif
        default: run(structure_portable, bytes, count, &carry, blocks);
    }
    outer->escaped = carry.escaped;
    outer->in_string = carry.in_string != 0;
}
