/* The detectable counter change of P2: included by references.pml and allocator.pml, not a model by itself.
 * The includer defines SLOTS and COUNTERS, and `short old; byte seq, seen; bit hit` in each process that acts.
 *
 * Every atomic step below holds at most ONE access to shared memory; the rest of it is private computation or
 * ghost state (names that start with `ghost`). A process can be killed between any two shared accesses.
 */

#define WORD(count, writer, seq) ((count) | ((writer) << 4) | ((seq) << 6))
#define COUNT(word) ((word) & 15)
#define WRITER(word) (((word) >> 4) & 3)
#define SEQ(word) ((word) >> 6)
#define WROTE(word, slot, number) (WRITER(word) == (slot) && SEQ(word) == (number))

short counter[COUNTERS];   /* count | writer slot | seq; 0 = never changed, so sequence numbers start at 1 */
byte intentSeq[SLOTS];     /* lives as long as the slot: a newcomer in the slot goes on counting */
byte done[SLOTS];          /* the highest seq of the slot that a helper has seen succeed */
bit ghostEffect[SLOTS];    /* the operation (slot, intentSeq) has changed its counter */

/* Remember that the last change of the word took place, before the word is overwritten. */
inline help(word) {
#ifdef MUTANT_NO_HELP
  skip
#else
  if
  :: intentSeq[WRITER(word)] == SEQ(word) ->
    do
    :: atomic { done[WRITER(word)] >= SEQ(word) -> break }
    :: atomic { done[WRITER(word)] < SEQ(word) -> seen = done[WRITER(word)] };
      atomic {
        if
        :: done[WRITER(word)] == seen -> done[WRITER(word)] = SEQ(word); seen = 0; break
#ifdef MUTANT_PLAIN_MAX
        :: else -> done[WRITER(word)] = SEQ(word); seen = 0; break
#else
        :: else -> seen = 0
#endif
        fi
      }
    od
  :: intentSeq[WRITER(word)] != SEQ(word)
  fi
#endif
}

/* One attempt of compare-and-swap from `old`; a success is the one effect of the operation (slot, number).
 * To be used inside an atomic step. */
inline swapCounter(which, slot, number, next) {
  if
  :: counter[which] == old ->
    assert(!ghostEffect[slot]);
    counter[which] = WORD(next, slot, number);
    ghostEffect[slot] = 1;
    hit = 1
  :: else -> hit = 0
  fi;
  old = 0
}

/* Did the operation (slot, number) change the counter? The word is read before `done`. */
inline wasDone(which, slot, number) {
#ifdef MUTANT_DONE_FIRST
  hit = (done[slot] == number);
  hit = (hit || WROTE(counter[which], slot, number));
#else
  hit = WROTE(counter[which], slot, number);
  hit = (hit || done[slot] == number);
#endif
  assert(hit == ghostEffect[slot])
}
