/* P5: runs of spans and the quota, with claimers, adopters and two reapers killed at any step.
 * Elsewhere: the blocks inside a span and their counts (references.pml), slot claims (reaper.pml).
 *
 * A worker freely claims runs of one or two spans, returns them, adopts orphans and stops. Runs overlap, so that
 * claimers collide in the table as well as on the quota. The world of kills, reapers and newcomers is that of
 * references.pml.
 */

#define SLOTS 2
#define COUNTERS 1
#define QUOTA 0
#define SPANS 3
#ifndef LIMIT
#define LIMIT 3
#endif
#ifndef STEPS
#define STEPS 2
#endif
#ifndef STEPS_OF_NEWCOMER
#define STEPS_OF_NEWCOMER 1
#endif
#ifndef NEWCOMERS
#define NEWCOMERS 1
#endif
#ifndef KILLS
#define KILLS 2
#endif
#include "detectable.pml"

#define NOBODY 0

/* An entry of the span table: one word, so one compare-and-swap changes state and argument together. */
#define FREE 0
#define CLAIMING(slot) (16 + (slot))    /* held by the slot, not (or no longer) in use */
#define HEAD(slot) (32 + (slot))
#define TAIL(start) (48 + (start))      /* belongs to the run that starts there, whoever owns it */
#define ORPHAN 64

mtype = { NONE, CLAIM, UNDO, PUBLISH, RETURN };

byte entry[SPANS];
mtype intentOp[SLOTS] = NONE;   /* op and seq are ONE word: see announce */
byte intentStart[SLOTS];
byte intentLength[SLOTS];
byte claim[SLOTS];              /* the reaper's pid, or NOBODY */

bool alive[8];
byte dying;
byte occupant[SLOTS];
bit reaped[SLOTS];
byte newcomers = NEWCOMERS;
byte kills = KILLS;
byte firstReaper;

byte ghostRun[SPANS];           /* 1 + start of the published run that covers the span, or 0 */
byte ghostTaken;                /* entries that are not FREE */

#define END(slot) (intentStart[slot] + intentLength[slot])
#define UNDISTURBED (dying == 0 || dying == _pid)
#define DEAD(slot) (!alive[occupant[slot]] && !reaped[slot])

/* Fields first, while they mean nothing or stay the same; then op with a new seq in one store. */
inline announce(slot, op) {
#ifdef MUTANT_SEQ_BEFORE_OP
  atomic { seq = intentSeq[slot] + 1; intentSeq[slot] = seq; ghostEffect[slot] = 0 };
  intentOp[slot] = op
#else
  atomic { seq = intentSeq[slot] + 1; intentSeq[slot] = seq; ghostEffect[slot] = 0; intentOp[slot] = op }
#endif
}

/* To be used inside an atomic step. */
inline swapEntry(which, from, to) {
  if
  :: entry[which] == from ->
    entry[which] = to;
    hit = 1;
    if
    :: from == FREE -> ghostTaken++; assert(ghostTaken <= COUNT(counter[QUOTA]))
    :: to == FREE -> ghostTaken--; assert(ghostRun[which] == 0)   /* nobody frees what is in use */
    :: else
    fi
  :: else -> hit = 0
  fi
}

inline changeQuota(slot, delta) {
  do
  :: atomic { COUNT(counter[QUOTA]) + delta > LIMIT -> hit = 0; break }
  :: atomic { COUNT(counter[QUOTA]) + delta <= LIMIT -> old = counter[QUOTA]; assert(COUNT(old) + delta >= 0) };
    help(old);
    atomic {
      swapCounter(QUOTA, slot, seq, COUNT(old) + delta);
      if
      :: hit -> assert(ghostTaken <= COUNT(counter[QUOTA])); break
      :: else
      fi
    }
  od
}

/* Frees exactly what this claim has got: a CLAIMING entry of the slot can only be of its present claim. */
inline freeClaimed(slot) {
  do
  :: atomic { span < END(slot) -> swapEntry(span, CLAIMING(slot), FREE); span++; hit = 0 }
  :: atomic { span == END(slot) -> span = 0; break }
  od
}

/* The tails, then the head: the head makes the run. Repeating it from any point gives the same. */
inline publishRun(slot) {
  span = intentStart[slot] + 1;
  do
  :: atomic { span < END(slot) ->
#ifndef MUTANT_OWNED_TAILS
      entry[span] = TAIL(intentStart[slot]);
#endif
      span++
    }
  :: span == END(slot) -> break
  od;
  atomic {
    entry[intentStart[slot]] = HEAD(slot);
    if
    :: ghostRun[intentStart[slot]] == 0 ->
      span = intentStart[slot];
      do
      :: span < END(slot) ->
        assert(ghostRun[span] == 0);
        ghostRun[span] = intentStart[slot] + 1;
        span++
      :: else -> break
      od;
      span = 0
    :: else -> assert(ghostRun[intentStart[slot]] == intentStart[slot] + 1)
    fi
  };
  intentOp[slot] = NONE
}

/* HEAD -> CLAIMING, the tails, the head last: while the start is held no other run can start there, so {TAIL, start}
 * is ours; once it is not held, nothing but the quota can be left to do. */
inline freeRun(slot) {
  atomic {
    if
    :: entry[intentStart[slot]] == HEAD(slot) ->
      entry[intentStart[slot]] = CLAIMING(slot);
      span = intentStart[slot];
      do
      :: span < SPANS && ghostRun[span] == intentStart[slot] + 1 -> ghostRun[span] = 0; span++
      :: else -> break
      od;
      span = 0
    :: else
    fi
  };
  if
  :: entry[intentStart[slot]] == CLAIMING(slot) ->
#ifdef MUTANT_HEAD_FIRST
    atomic { swapEntry(intentStart[slot], CLAIMING(slot), FREE) };
#endif
    span = intentStart[slot] + 1;
    do
    :: atomic { span < END(slot) ->
#ifdef MUTANT_OWNED_TAILS
        if
        :: entry[span] == CLAIMING(1 - slot) -> swapEntry(span, CLAIMING(1 - slot), FREE)
        :: else -> swapEntry(span, CLAIMING(slot), FREE)
        fi;
#else
        swapEntry(span, TAIL(intentStart[slot]), FREE);
#endif
        span++
      }
    :: span == END(slot) -> break
    od;
    atomic { swapEntry(intentStart[slot], CLAIMING(slot), FREE); span = 0; hit = 0 }
  :: entry[intentStart[slot]] != CLAIMING(slot)
  fi
}

/* What is left of a failed claim is the quota alone. RETURN would free the run at its start, which may be a run that
 * the slot has published earlier and collided with. */
#ifdef MUTANT_UNDO_IS_RETURN
#define AFTER_CLAIM RETURN
#else
#define AFTER_CLAIM UNDO
#endif

inline claimRun(slot) {
  announce(slot, CLAIM);
  changeQuota(slot, intentLength[slot]);
  if
  :: atomic { !hit -> intentOp[slot] = NONE }
  :: atomic { hit -> span = intentStart[slot] };
    do
    :: atomic { span < END(slot) ->
        swapEntry(span, FREE, CLAIMING(slot));
        if
        :: hit -> span++
        :: else -> break
        fi
      }
    :: span == END(slot) -> break
    od;
    if
    :: atomic { hit -> span = 0; hit = 0; intentOp[slot] = PUBLISH };
      publishRun(slot)
    :: atomic { !hit -> span = intentStart[slot] };
      freeClaimed(slot);
      announce(slot, AFTER_CLAIM);
      changeQuota(slot, -intentLength[slot]);
      atomic { assert(hit); hit = 0; intentOp[slot] = NONE }
    fi
  fi
}

inline returnRun(slot) {
  announce(slot, RETURN);
  freeRun(slot);
  changeQuota(slot, -intentLength[slot]);
  atomic { assert(hit); hit = 0; intentOp[slot] = NONE }
}

/* How long the published run is: the tails that name its start. */
inline measureRun(slot, start) {
  intentStart[slot] = start;
  intentLength[slot] = 1;
  if
  :: start + 1 < SPANS && ghostRun[start + 1] == start + 1 -> intentLength[slot] = 2
  :: else
  fi
}

#define MAY_CLAIM(start, length) \
  :: atomic { steps > 0 && start + length <= SPANS -> \
      steps--; intentStart[me] = start; intentLength[me] = length }; \
    claimRun(me); \
    seq = 0
#define MAY_RETURN_OR_ADOPT(start) \
  :: atomic { steps > 0 && entry[start] == HEAD(me) -> steps--; measureRun(me, start) }; \
    returnRun(me); \
    seq = 0 \
  :: atomic { steps > 0 && entry[start] == ORPHAN -> steps--; entry[start] = HEAD(me) }

proctype Worker(byte me; byte steps) provided (UNDISTURBED) {
  short old;
  byte seq, seen, span;
  bit hit;
  {
    do
    MAY_CLAIM(0, 2)
    MAY_CLAIM(1, 2)
    MAY_CLAIM(1, 1)
    MAY_RETURN_OR_ADOPT(0)
    MAY_RETURN_OR_ADOPT(1)
    :: atomic { steps > 0 -> steps = 0 }
    od
  } unless {
    atomic {
      dying == _pid;
      alive[_pid] = false;
      old = 0; seq = 0; seen = 0; span = 0; hit = 0; steps = 0;
      dying = 0
    }
  };
  false
}

/* As the dead slot: the claim is undone or the publication completed, then what it owned is returned or orphaned. */
inline recover(slot) {
  seq = intentSeq[slot];
  if
  :: intentOp[slot] == CLAIM ->
    wasDone(QUOTA, slot, seq);
    if
    :: atomic { hit -> span = intentStart[slot] };
      freeClaimed(slot);
      announce(slot, AFTER_CLAIM)
    :: !hit -> intentOp[slot] = NONE
    fi
  :: intentOp[slot] != CLAIM
  fi;
  if
  :: intentOp[slot] == PUBLISH -> publishRun(slot)
  :: intentOp[slot] == RETURN || intentOp[slot] == UNDO ->
    if
    :: intentOp[slot] == RETURN -> freeRun(slot)
    :: intentOp[slot] == UNDO
    fi;
    wasDone(QUOTA, slot, seq);
    if
    :: hit
    :: !hit -> changeQuota(slot, -intentLength[slot]); assert(hit)
    fi;
    atomic { hit = 0; intentOp[slot] = NONE }
  :: intentOp[slot] == NONE
  fi;
  do
  :: start < SPANS ->
    if
    :: entry[start] == HEAD(slot) -> atomic { swapEntry(start, HEAD(slot), ORPHAN); hit = 0 }
    :: atomic { entry[start] == HEAD(slot) -> measureRun(slot, start) };      /* all its blocks are free */
      returnRun(slot)
    :: entry[start] != HEAD(slot)
    fi;
    start++
  :: atomic { start == SPANS -> start = 0; seq = 0; break }
  od;
  atomic {
    claim[slot] = NOBODY;
    if
    :: newcomers > 0 ->
      newcomers--;
      occupant[slot] = run Worker(slot, STEPS_OF_NEWCOMER);
      alive[occupant[slot]] = true
    :: else -> reaped[slot] = 1
    fi
  }
}

proctype Reaper() provided (UNDISTURBED) {
  short old;
  byte seq, seen, span, start, slot;
  bit hit;
  {
    do
    :: atomic {
        if
        :: DEAD(0) && (claim[0] == NOBODY || !alive[claim[0]]) -> slot = 0
        :: DEAD(1) && (claim[1] == NOBODY || !alive[claim[1]]) -> slot = 1
        fi;
        claim[slot] = _pid
      };
      recover(slot);
      slot = 0
    od
  } unless {
    atomic {
      dying == _pid;
      alive[_pid] = false;
      old = 0; seq = 0; seen = 0; span = 0; start = 0; slot = 0; hit = 0;
      dying = 0
    }
  };
  false
}

proctype Killer() provided (dying == 0) {
  do
  :: atomic { kills > 0 && alive[occupant[0]] -> kills--; dying = occupant[0] }
  :: atomic { kills > 0 && alive[occupant[1]] -> kills--; dying = occupant[1] }
  :: atomic { kills > 0 && alive[firstReaper] -> kills--; dying = firstReaper }
  :: atomic { kills > 0 -> kills = 0 }
  od
}

init {
  byte span, taken;
  atomic {
    occupant[0] = run Worker(0, STEPS);
    occupant[1] = run Worker(1, STEPS);
    firstReaper = run Reaper();
    taken = run Reaper();
    alive[taken] = true;
    alive[firstReaper] = true;
    alive[occupant[0]] = true;
    alive[occupant[1]] = true;
    taken = 0;
    run Killer()
  };
  /* Nobody can move. */
  timeout;
  d_step {
    do
    :: span < SPANS ->
      assert((entry[span] == FREE) == (ghostRun[span] == 0));
#ifndef MUTANT_OWNED_TAILS
      assert(entry[span] == FREE || entry[span] == ORPHAN || entry[span] == TAIL(ghostRun[span] - 1) ||
        entry[span] == HEAD(0) && alive[occupant[0]] || entry[span] == HEAD(1) && alive[occupant[1]]);
#endif
      taken = taken + (entry[span] == FREE -> 0 : 1);
      span++
    :: else -> break
    od;
    assert(intentOp[0] == NONE && intentOp[1] == NONE);
    assert(taken == COUNT(counter[QUOTA]) && taken <= LIMIT)
  }
}
