/* P2: a block's count equals the number of cells that name it, whoever is killed at whatever step.
 * Elsewhere: cells inside ring records (ring.pml), spans and the quota (allocator.pml), slot claims (reaper.pml).
 *
 * Workers own a slot each and choose freely among allocate, acquire, move, release, adopt, reuse the span and stop.
 * A killer stops workers and the first reaper for ever at any step. Two reapers recover the dead; the other outlives
 * all and takes over from the first. With one kill there is nobody to take over from, and only one reaper. A
 * recovered slot may be given to a newcomer, which goes on with the slot's sequence numbers.
 */

#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef OBJECTS
#define OBJECTS 1
#endif
#ifndef STEPS_OF_OWNER
#define STEPS_OF_OWNER 2
#endif
#ifndef STEPS_OF_OTHERS
#define STEPS_OF_OTHERS 2
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
#define COUNTERS OBJECTS
#include "detectable.pml"

#define CELLS 2
#define CELL(slot, index) cells[(slot) * CELLS + (index)]
#define ORPHAN SLOTS
#define NOBODY 0
#define PAYLOAD WORD(3, 3, 99)

mtype = { NONE, ALLOCATE, ACQUIRE, RELEASE, MOVE };

byte cells[SLOTS * CELLS];   /* object + 1, or 0 */
mtype intentOp[SLOTS] = NONE;
byte intentObject[SLOTS];
byte intentCell[SLOTS];      /* MOVE goes from here to the slot's other cell */
byte spanOwner = 0;          /* the span that holds every block: a slot, or ORPHAN */
bit spanReturned;            /* its owner has unpublished it, and may be writing over it */
byte claim[SLOTS];           /* the reaper's pid, or NOBODY (pid 0 is init) */

bool alive[8];               /* by pid; true from `run` to the kill */
byte dying;                  /* the pid that is being killed: nobody else moves until its private state is gone */
byte occupant[SLOTS];        /* the pid that holds the slot */
bit reaped[SLOTS];           /* swept to the end and free */
byte newcomers = NEWCOMERS;
byte kills = KILLS;
byte firstReaper;

#define UNDISTURBED (dying == 0 || dying == _pid)
#define DEAD(slot) (!alive[occupant[slot]] && !reaped[slot])

/* The fields in one step: while op is NONE nobody reads them, so no crash between them can be told apart.
 * Then seq, then op: a half-written intent still says NONE. */
inline publish(slot, op, object, cell) {
  atomic {
    intentObject[slot] = object;
    intentCell[slot] = cell;
#ifdef MUTANT_OP_FIRST
    intentOp[slot] = op
#endif
  };
  atomic { seq = intentSeq[slot] + 1; intentSeq[slot] = seq; ghostEffect[slot] = 0 };
  intentOp[slot] = op
}

/* Nobody's cell may name a block that becomes free, save the cells of releases that have had their effect. */
inline checkFreedBlock(object) {
  index = 0;
  do
  :: index < SLOTS * CELLS && COUNT(counter[object]) == 0 ->
    assert(cells[index] != object + 1 || (intentOp[index / CELLS] == RELEASE
      && intentCell[index / CELLS] == index % CELLS && ghostEffect[index / CELLS]));
    index++
  :: else -> break
  od;
  index = 0
}

inline change(object, slot, delta) {
  do
  :: atomic { old = counter[object]; assert(COUNT(old) > 0) };
    if
    :: atomic { WROTE(old, slot, seq) -> assert(false) }   /* it was done: nobody may come here */
    :: !WROTE(old, slot, seq) -> help(old)
    fi;
    atomic {
      swapCounter(object, slot, seq, COUNT(old) + (delta));
      if
      :: hit -> hit = 0; checkFreedBlock(object); break
      :: else
      fi
    }
  od
}

inline allocate(slot, object, cell) {
  publish(slot, ALLOCATE, object, cell);
  atomic { old = counter[object]; assert(COUNT(old) == 0) };
  help(old);
  atomic { swapCounter(object, slot, seq, 1); assert(hit); hit = 0 };   /* only the span's owner raises a 0 */
  CELL(slot, cell) = object + 1;
  intentOp[slot] = NONE
}

/* The span is given back or cut anew: its memory, words and all, is written over. Before that every word is helped, or
 * a releaser that died after its release would find neither the word nor `done`. */
inline reuseSpan() {
#ifndef MUTANT_NO_HELP_BEFORE_REUSE
  old = counter[0];
  help(old);
  old = 0;
#endif
  spanReturned = 1;
  counter[0] = PAYLOAD;
  counter[0] = 0;
  spanReturned = 0
}

inline acquire(slot, object, cell) {
  publish(slot, ACQUIRE, object, cell);
  change(object, slot, 1);
  CELL(slot, cell) = object + 1;
  intentOp[slot] = NONE
}

inline release(slot, cell) {
  publish(slot, RELEASE, CELL(slot, cell) - 1, cell);
  change(intentObject[slot], slot, -1);
  CELL(slot, cell) = 0;
  intentOp[slot] = NONE
}

inline move(slot, from) {
  publish(slot, MOVE, CELL(slot, from) - 1, from);
  CELL(slot, 1 - from) = intentObject[slot] + 1;
  CELL(slot, from) = 0;
  intentOp[slot] = NONE
}

proctype Worker(byte me; byte steps) provided (UNDISTURBED) {
  short old;
  byte seq, seen, object, cell, index;
  bit hit;
  {
    do
    :: atomic { steps > 0 && spanOwner == me && CELL(me, 0) == 0 && COUNT(counter[0]) == 0 -> steps-- };
      allocate(me, 0, 0);
      seq = 0
#if OBJECTS == 1
    :: atomic { steps > 0 && spanOwner == me && CELL(me, 0) + CELL(me, 1) + COUNT(counter[0]) == 0 -> steps-- };
      reuseSpan()
#else
    :: atomic { steps > 0 && spanOwner == me && CELL(me, 1) == 0 && COUNT(counter[1]) == 0 -> steps-- };
      allocate(me, 1, 1);
      seq = 0
#endif
    :: atomic { steps > 0 && spanOwner == ORPHAN -> steps--; spanOwner = me }
    :: atomic { steps > 0 && CELL(me, 0) != 0 && CELL(me, 1) == 0 -> steps--; object = CELL(me, 0) - 1 };
      acquire(me, object, 1);
      atomic { seq = 0; object = 0 }
    :: atomic { steps > 0 && CELL(me, 0) != 0 && CELL(me, 1) == 0 -> steps-- };
      move(me, 0);
      seq = 0
    :: atomic { steps > 0 && CELL(me, 0) + CELL(me, 1) != 0 -> steps--; cell = (CELL(me, 0) == 0) };
      release(me, cell);
      atomic { seq = 0; cell = 0 }
    :: atomic { steps > 0 -> steps = 0 }   /* goes on living and holds what it has */
    od
  } unless {
    atomic {
      dying == _pid;
      alive[_pid] = false;
      seq = 0; seen = 0; object = 0; cell = 0; index = 0; hit = 0; old = 0; steps = 0;
      dying = 0
    }
  };
  false                                    /* never returns: a pid is not used twice */
}

/* Read once and for all: the dead slot's intent is changed by this reaper only. */
inline resolveIntent(slot) {
  atomic { seq = intentSeq[slot]; object = intentObject[slot]; cell = intentCell[slot] };
  if
  :: intentOp[slot] == ACQUIRE || intentOp[slot] == ALLOCATE ->
    wasDone(object, slot, seq);
    CELL(slot, cell) = (hit -> object + 1 : 0);
    intentOp[slot] = NONE
  :: intentOp[slot] == RELEASE ->
    wasDone(object, slot, seq);
    if
    :: hit
    :: !hit -> change(object, slot, -1)
    fi;
    CELL(slot, cell) = 0;
    intentOp[slot] = NONE
  :: intentOp[slot] == MOVE ->
    CELL(slot, 1 - cell) = object + 1;
    CELL(slot, cell) = 0;
    intentOp[slot] = NONE
  :: intentOp[slot] == NONE
  fi
}

/* The reaper acts AS the dead slot: same intent record, same writer, next sequence numbers. */
inline recover(slot) {
  resolveIntent(slot);
  atomic { hit = 0; object = 0; cell = 0; seq = 0 };
  do
  :: CELL(slot, cell) != 0 -> release(slot, cell); seq = 0
  :: atomic { CELL(slot, cell) == 0 && cell < CELLS - 1 -> cell++ }
  :: atomic { CELL(slot, cell) == 0 && cell == CELLS - 1 -> cell = 0; break }
  od;
  if
  :: spanOwner == slot ->
    if
    :: spanReturned -> counter[0] = 0; spanReturned = 0
    :: !spanReturned
    fi;
    spanOwner = ORPHAN
  :: spanOwner != slot
  fi;
  atomic {
    claim[slot] = NOBODY;
    if
    :: newcomers > 0 ->
      newcomers--;
#ifdef MUTANT_SEQ_RESET
      intentSeq[slot] = 0;
      done[slot] = 0;
#endif
      occupant[slot] = run Worker(slot, STEPS_OF_NEWCOMER);
      alive[occupant[slot]] = true
    :: else -> reaped[slot] = 1
    fi
  }
}

proctype Reaper() provided (UNDISTURBED) {
  short old;
  byte seq, seen, object, cell, index, slot;
  bit hit;
  {
    do
    :: atomic {
        if
        :: DEAD(0) && (claim[0] == NOBODY || !alive[claim[0]]) -> slot = 0
        :: DEAD(1) && (claim[1] == NOBODY || !alive[claim[1]]) -> slot = 1
#if SLOTS > 2
        :: DEAD(2) && (claim[2] == NOBODY || !alive[claim[2]]) -> slot = 2
#endif
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
      seq = 0; seen = 0; object = 0; cell = 0; index = 0; hit = 0; old = 0; slot = 0;
      dying = 0
    }
  };
  false
}

proctype Killer() provided (dying == 0) {
  do
  :: atomic { kills > 0 && alive[occupant[0]] -> kills--; dying = occupant[0] }
  :: atomic { kills > 0 && alive[occupant[1]] -> kills--; dying = occupant[1] }
#if SLOTS > 2
  :: atomic { kills > 0 && alive[occupant[2]] -> kills--; dying = occupant[2] }
#endif
#if KILLS > 1
  :: atomic { kills > 0 && alive[firstReaper] -> kills--; dying = firstReaper }
#endif
  :: atomic { kills > 0 -> kills = 0 }
  od
}

init {
  byte slot, object, index, named;
  atomic {
    /* Object 0 was allocated by slot 0 and sent to all the others. */
    do
    :: slot < SLOTS -> CELL(slot, 0) = 1; slot++
    :: else -> break
    od;
    counter[0] = WORD(SLOTS, 0, 0);
    occupant[0] = run Worker(0, STEPS_OF_OWNER);
    occupant[1] = run Worker(1, STEPS_OF_OTHERS);
#if SLOTS > 2
    occupant[2] = run Worker(2, STEPS_OF_OTHERS);
#endif
    slot = run Reaper();
    alive[slot] = true;
#if KILLS > 1
    firstReaper = run Reaper();
    alive[firstReaper] = true;
#endif
    alive[occupant[0]] = true;
    alive[occupant[1]] = true;
#if SLOTS > 2
    alive[occupant[2]] = true;
#endif
    slot = 0;
    run Killer()
  };
  /* Nobody can move: every slot is idle and alive, or swept. */
  timeout;
  d_step {
    do
    :: slot < SLOTS -> assert(intentOp[slot] == NONE && (alive[occupant[slot]] || reaped[slot])); slot++
    :: else -> break
    od;
    do
    :: object < OBJECTS ->
      index = 0;
      named = 0;
      do
      :: index < SLOTS * CELLS ->
        assert(!reaped[index / CELLS] || cells[index] == 0);
        named = named + (cells[index] == object + 1 -> 1 : 0);
        index++
      :: else -> break
      od;
      assert(COUNT(counter[object]) == named);
      object++
    :: else -> break
    od
  }
}
