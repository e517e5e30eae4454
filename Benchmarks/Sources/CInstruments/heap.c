// Counts heap blocks by standing in front of glibc's allocator.
//
// A program's own malloc takes the place of the C library's for everything that is linked into the process, the Swift runtime and Hyperscan too
// (glibc manual, "Replacing malloc"); the real one is still there under its __libc_ names. Counters are atomic, because any thread may allocate.

#include "instruments.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined(__linux__)
#include <features.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

static atomic_bool counting;
static atomic_uint_least64_t count;
static atomic_uint_least64_t bytes;
static atomic_int_least64_t live;

void sluice_watch_heap(bool on) {
    if (on) {
        atomic_store(&count, 0);
        atomic_store(&bytes, 0);
        atomic_store(&live, 0);
    }
    atomic_store(&counting, on);
}

void sluice_keep_heap(void) {
#if defined(__GLIBC__)
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

struct sluice_heap sluice_heap_figures(void) {
    return (struct sluice_heap){atomic_load(&count), atomic_load(&bytes), atomic_load(&live)};
}

#if defined(__GLIBC__)

#include <malloc.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

bool sluice_can_watch_heap(void) { return true; }

static inline bool is_counting(void) { return atomic_load_explicit(&counting, memory_order_relaxed); }

static void *taken(void *block, size_t size) {
    if (block && is_counting()) {
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
        atomic_fetch_add_explicit(&live, (int64_t)malloc_usable_size(block), memory_order_relaxed);
    }
    return block;
}

static void given_back(void *block) {
    if (block && is_counting()) { atomic_fetch_sub_explicit(&live, (int64_t)malloc_usable_size(block), memory_order_relaxed); }
}

void *malloc(size_t size) { return taken(__libc_malloc(size), size); }

void *calloc(size_t items, size_t size) { return taken(__libc_calloc(items, size), items * size); }

void *realloc(void *block, size_t size) {
    int64_t before = block && is_counting() ? (int64_t)malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    // What could not be resized is still there, and resizing to nothing gives a block back.
    if (moved || size == 0) { atomic_fetch_sub_explicit(&live, before, memory_order_relaxed); }
    return taken(moved, size);
}

void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size), size); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) { return EINVAL; }
    void *made = memalign(alignment, size);
    if (!made) { return ENOMEM; }
    *block = made;
    return 0;
}

void free(void *block) {
    given_back(block);
    __libc_free(block);
}

#else

bool sluice_can_watch_heap(void) { return false; }

#endif
