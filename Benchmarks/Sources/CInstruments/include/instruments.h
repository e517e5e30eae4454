// What Swift cannot measure by itself: heap blocks taken, and the processor's time stamp.

#ifndef SLUICE_INSTRUMENTS_H
#define SLUICE_INSTRUMENTS_H

#include <stdbool.h>
#include <stdint.h>

/// Heap blocks of this process since counting began.
struct sluice_heap {
    /// Calls of malloc, calloc, realloc and the aligned forms that gave out a block.
    uint64_t count;
    /// Bytes asked for in those calls.
    uint64_t bytes;
    /// Usable bytes taken less usable bytes given back; below zero where blocks from before were given back.
    int64_t live;
};

/// Begins or ends counting; beginning sets all figures to zero. Off at start, when each call costs one load and a branch.
void sluice_watch_heap(bool on);

/// The figures so far.
struct sluice_heap sluice_heap_figures(void);

/// Has the heap keep what is given back, as that of a server that has run for a while does: else memory of some hundred kilobytes goes back to the system and is
/// faulted in again with each pass, which costs more than what is measured.
void sluice_keep_heap(void);

/// Whether this system's heap can be counted: Linux with glibc.
bool sluice_can_watch_heap(void);

/// The processor's time stamp counter, which ticks at a constant rate; 0 where there is none to read.
static inline uint64_t sluice_time_stamp(void) {
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
#else
    return 0;
#endif
}

#endif
