/* P3 and P4: rings with references in flight, and the bell with sleep epochs; ends are killed or stopped at any step.
 * Elsewhere: how a reference is counted when its holder dies (references.pml; here a release is one step), who may
 * reap a slot (reaper.pml).
 *
 * Each producer has a ring of its own to the one consumer. A killer kills ends and stops them for ever. One reaper
 * per slot stands for all reapers; it may be killed and is then replaced by a successor that begins again.
 * Two ways to build it: CELLS=0 with two producers (the bell), CELLS>0 with one (references).
 */

#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef CELLS
#define CELLS 2          /* references of one record */
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef REAPER_KILLS
#define REAPER_KILLS 1
#endif

#define CONSUMER PRODUCERS
#define SLOTS (PRODUCERS + 1)
#define OPEN 255
#define ROOM(p) (tail[p] - head[p] < CAPACITY)

/* What the consumer may do for a ring whose producer is gone; and the event of the pidfd that tells it. */
#define CAN_CLEAN(p) (CELLS > 0 && seenDead[p] && !cleaned[p] && closedBy[p] == p)
#if PRODUCERS > 1
#define NEWS_OF_DEATH (dead[0] != seenDead[0] || dead[1] != seenDead[1])
#else
#define NEWS_OF_DEATH (dead[0] != seenDead[0])
#endif

/* The rings. head, tail and reserved only grow; a record's place is its number modulo the capacity. */
byte content[PRODUCERS * CAPACITY];
byte head[PRODUCERS];
byte tail[PRODUCERS];
byte reserved[PRODUCERS];
bit producerWaiting[PRODUCERS];
byte closedBy[PRODUCERS];    /* OPEN, or the slot of the end that left first: the end that leaves second cleans up */

/* The bells. */
bit asleep[SLOTS];           /* the epoch is odd. Written by the slot's owner only */
bit rung[SLOTS * SLOTS];     /* private to the sender: it has rung the sleeper in the current epoch */
byte ghostSender;
#define RUNG(sender, sleeper) rung[(sender) * SLOTS + (sleeper)]
bit bell[SLOTS];
#ifdef MUTANT_SHARED_FLAG
bit wantsBell[SLOTS];        /* the design that P4 replaces: a sender clears the sleeper's wish */
#endif

#if CELLS
#define LEDGER(slot, c) ((slot) * CELLS + (c))
#define IN_RING(p, number, c) (SLOTS * CELLS + ((p) * CAPACITY + (number) % CAPACITY) * CELLS + (c))
#define ALL_CELLS (SLOTS * CELLS + PRODUCERS * CAPACITY * CELLS)
#define OBJECT(p, number, c) (1 + ((p) * RECORDS + (number)) * CELLS + (c))
byte cells[ALL_CELLS];       /* an object's number, or 0 */
bit count[1 + PRODUCERS * RECORDS * CELLS];
bit intentMove[SLOTS];
byte intentObject[SLOTS];
byte intentFrom[SLOTS];
byte intentTo[SLOTS];
#endif

/* The world: by slot, as nobody is born here. The reaper of slot s is process SLOTS + s. */
bit dead[SLOTS];
bit stopped[SLOTS];
bit reaped[SLOTS];
byte dying = OPEN;
byte kills = KILLS;
byte stops = STOPS;
byte reaperKills = REAPER_KILLS;

byte ghostConsumed[PRODUCERS];
bit ghostIdle[SLOTS];        /* has nothing left to do */

/* A sender's private `lastRung == epoch` is one bit here, cleared by every change of the epoch: of the numbers only
 * their parity and this equality matter, and so the epochs need not grow. The bell is the second, later access. */
inline ring(sender, sleeper) {
  if
#ifdef MUTANT_SHARED_FLAG
  :: atomic { wantsBell[sleeper] -> wantsBell[sleeper] = 0 };
    bell[sleeper] = 1
  :: !wantsBell[sleeper]
#else
  :: atomic { asleep[sleeper] && !RUNG(sender, sleeper) -> RUNG(sender, sleeper) = 1 };
    bell[sleeper] = 1
  :: !asleep[sleeper] || RUNG(sender, sleeper)
#endif
  fi
}

inline changeEpoch(slot, odd) {
  atomic {
    asleep[slot] = odd;
    ghostSender = 0;
    do
    :: ghostSender < SLOTS -> RUNG(ghostSender, slot) = 0; ghostSender++
    :: else -> break
    od;
    ghostSender = 0;
#ifdef MUTANT_SHARED_FLAG
    wantsBell[slot] = odd
#endif
  }
}

#if CELLS
inline move(slot, from, to) {
  atomic { intentObject[slot] = cells[from]; intentFrom[slot] = from; intentTo[slot] = to };
  intentMove[slot] = 1;
  cells[intentTo[slot]] = intentObject[slot];
  cells[intentFrom[slot]] = 0;
  intentMove[slot] = 0
}

/* One step here; that its two steps may be cut apart by a crash is the business of references.pml. */
inline releaseCell(index) {
  atomic {
    if
    :: cells[index] != 0 ->
      assert(count[cells[index]] == 1);
      count[cells[index]] = 0;
      cells[index] = 0
    :: else
    fi
  }
}

inline releaseLedger(slot) {
  do
  :: c < CELLS -> releaseCell(LEDGER(slot, c)); c++
  :: c == CELLS -> c = 0; break
  od
}

/* All cells of [head, tail) and of the half-written record, by the end that leaves second or survives. */
inline releaseRing(p) {
  number = head[p];
  do
  :: number < tail[p] || number < reserved[p] ->
    do
    :: c < CELLS -> releaseCell(IN_RING(p, number, c)); c++
    :: c == CELLS -> c = 0; break
    od;
    number++
  :: number >= tail[p] && number >= reserved[p] -> number = 0; break
  od
}
#endif

active [PRODUCERS] proctype Producer() provided ((dying == OPEN || dying == _pid) && !stopped[_pid]) {
  byte number, c;
  {
    do
    :: number < RECORDS && !dead[CONSUMER] ->
      do
      :: ROOM(_pid) -> break
      :: dead[CONSUMER] -> goto survivor
      :: !ROOM(_pid) && !dead[CONSUMER] ->
        producerWaiting[_pid] = 1;
        changeEpoch(_pid, 1);
        if
#ifndef MUTANT_NO_SPACE_RECHECK
        :: ROOM(_pid)
        :: !ROOM(_pid) ->
#else
        :: true ->
#endif
          atomic { bell[_pid] || dead[CONSUMER] -> bell[_pid] = 0 }
        fi;
        changeEpoch(_pid, 0);
        producerWaiting[_pid] = 0
      od;
      content[_pid * CAPACITY + number % CAPACITY] = number;
#if CELLS
      atomic {
        do
        :: c < CELLS -> cells[LEDGER(_pid, c)] = OBJECT(_pid, number, c); count[OBJECT(_pid, number, c)] = 1; c++
        :: c == CELLS -> c = 0; break
        od
      };
      do
      :: c < CELLS -> cells[IN_RING(_pid, number, c)] = 0; c++
      :: c == CELLS -> c = 0; break
      od;
#ifndef MUTANT_NO_RESERVED
      reserved[_pid] = number + 1;
#endif
#ifdef MUTANT_CELL_AFTER_TAIL
      tail[_pid] = number + 1;
#endif
      do
      :: c < CELLS -> move(_pid, LEDGER(_pid, c), IN_RING(_pid, number, c)); c++
      :: c == CELLS -> c = 0; break
      od;
#endif
      tail[_pid] = number + 1;
      number++;
      ring(_pid, CONSUMER)
    :: number == RECORDS && !dead[CONSUMER] -> ghostIdle[_pid] = 1; dead[CONSUMER]; ghostIdle[_pid] = 0
    :: dead[CONSUMER] -> break
    od;
survivor:
#if CELLS
#ifndef MUTANT_CLEAN_BEFORE_CLOSED
    closedBy[_pid] == CONSUMER;
#endif
    number = 0;
    releaseRing(_pid);
#endif
    ghostIdle[_pid] = 1;
    false
  } unless {
    atomic { dying == _pid; dead[_pid] = 1; number = 0; c = 0; dying = OPEN }
  }
}

active proctype Consumer() provided ((dying == OPEN || dying == _pid) && !stopped[_pid]) {
  byte p, number, c;
  bit seenDead[PRODUCERS], cleaned[PRODUCERS], work;
  {
    do
    :: p < PRODUCERS ->
      /* The order matters: a ring is drained once more after its producer is known to be dead. */
      atomic { seenDead[p] = dead[p] };
      do
      :: atomic { head[p] < tail[p] -> number = head[p] };
        assert(content[p * CAPACITY + number % CAPACITY] == number && ghostConsumed[p] == number);
#if CELLS
        do
        :: c < CELLS ->
          assert(cells[IN_RING(p, number, c)] == OBJECT(p, number, c));
          move(CONSUMER, IN_RING(p, number, c), LEDGER(CONSUMER, c));
          c++
        :: c == CELLS -> c = 0; break
        od;
#endif
        atomic { head[p] = number + 1; ghostConsumed[p]++; number = 0 };
        if
        :: producerWaiting[p] -> ring(CONSUMER, p)
        :: !producerWaiting[p]
        fi;
#if CELLS
        releaseLedger(CONSUMER)
#endif
      :: head[p] == tail[p] -> break
      od;
#if CELLS
      if
#ifdef MUTANT_CLEAN_BEFORE_CLOSED
      :: seenDead[p] && !cleaned[p] -> releaseRing(p); cleaned[p] = 1
      :: !seenDead[p] || cleaned[p]
#else
      :: CAN_CLEAN(p) -> releaseRing(p); cleaned[p] = 1
      :: !CAN_CLEAN(p)
#endif
      fi;
#endif
      p++
    :: p == PRODUCERS ->
      p = 0;
      changeEpoch(CONSUMER, 1);
#ifndef MUTANT_NO_RECHECK
      do
      :: atomic { p < PRODUCERS && head[p] < tail[p] -> p = 0; work = 1; break }
      :: atomic { p < PRODUCERS && CAN_CLEAN(p) -> p = 0; work = 1; break }
      :: atomic { p < PRODUCERS && head[p] == tail[p] && !CAN_CLEAN(p) -> p++ }
      :: atomic { p == PRODUCERS -> p = 0; break }
      od;
#endif
#ifdef MUTANT_BUSY
      work = 1;
#endif
      if
      :: work -> work = 0
      :: atomic { !work -> ghostIdle[CONSUMER] = 1 };
        atomic {
          bell[CONSUMER] || NEWS_OF_DEATH -> bell[CONSUMER] = 0; ghostIdle[CONSUMER] = 0
        }
      fi;
      changeEpoch(CONSUMER, 0)
    od
  } unless {
    atomic {
      dying == _pid;
      dead[_pid] = 1;
      p = 0; number = 0; c = 0; work = 0;
      do
      :: p < PRODUCERS -> seenDead[p] = 0; cleaned[p] = 0; p++
      :: else -> break
      od;
      p = 0;
      dying = OPEN
    }
  }
}

#if CELLS
/* Sweeps the slot _pid - SLOTS; all of its rings: for the consumer every ring, for a producer its own. */
active [SLOTS] proctype Reaper() provided (dying == OPEN || dying == _pid) {
  byte slot, p, c, number;
again:
  {
    atomic { dead[_pid - SLOTS] && !reaped[_pid - SLOTS] -> slot = _pid - SLOTS; p = (slot < CONSUMER -> slot : 0) };
    if
    :: intentMove[slot] ->
      cells[intentTo[slot]] = intentObject[slot];
      cells[intentFrom[slot]] = 0;
      intentMove[slot] = 0
    :: !intentMove[slot]
    fi;
    do
    :: p < PRODUCERS && (slot == CONSUMER || p == slot) ->
#ifdef MUTANT_CLOSE_BY_LOOKING
      /* No arbitration: clean up if the other end has been swept already. */
      if
      :: reaped[(slot == CONSUMER -> p : CONSUMER)] -> releaseRing(p)
      :: !reaped[(slot == CONSUMER -> p : CONSUMER)] -> closedBy[p] = slot
      fi;
#else
      atomic {
        if
        :: closedBy[p] == OPEN -> closedBy[p] = slot
        :: else
        fi
      };
      if
      :: closedBy[p] != slot -> releaseRing(p)
      :: closedBy[p] == slot
      fi;
#endif
      p++
    :: p == PRODUCERS || (slot != CONSUMER && p != slot) -> break
    od;
    releaseLedger(slot);
    p = 0;
    reaped[slot] = 1;
    do
    :: p < SLOTS -> bell[p] = 1; p++
    :: p == SLOTS -> break
    od;
    p = 0;
    false
  } unless {
    atomic { dying == _pid; slot = 0; p = 0; c = 0; number = 0; dying = OPEN }
  };
  if
  :: atomic { reaped[_pid - SLOTS] ->
      do
      :: p < SLOTS -> bell[p] = 1; p++
      :: p == SLOTS -> p = 0; break
      od
    };
    false
  :: !reaped[_pid - SLOTS] -> goto again
  fi
}
#endif

#define MAY_STRIKE(slot) \
  :: atomic { dying == OPEN && kills > 0 && !dead[slot] -> stopped[slot] = 0; kills--; dying = slot } \
  :: atomic { dying == OPEN && stops > 0 && !dead[slot] && !stopped[slot] -> stopped[slot] = 1; stops-- } \
  :: atomic { dying == OPEN && reaperKills > 0 && dead[slot] && !reaped[slot] -> reaperKills--; dying = SLOTS + slot }

init {
  byte p, slot;
  atomic {
    do
    :: p < PRODUCERS -> closedBy[p] = OPEN; p++
    :: else -> break
    od;
    p = 0
  };
  /* The killer. */
  do
  :: kills == 0 && stops == 0 && reaperKills == 0 -> break
  :: atomic { kills + stops + reaperKills > 0 -> kills = 0; stops = 0; reaperKills = 0 }
  MAY_STRIKE(0)
  MAY_STRIKE(CONSUMER)
#if PRODUCERS > 1
  MAY_STRIKE(1)
#endif
  od;
  /* Nobody can move. */
  timeout;
  d_step {
    do
    :: p < PRODUCERS ->
      if
      :: !stopped[CONSUMER] && !dead[CONSUMER] && !stopped[p] ->
        /* Everything published by one that is not stopped was consumed; a live one has published everything. */
        assert(ghostIdle[CONSUMER] && head[p] == tail[p]);
        assert(dead[p] || (ghostIdle[p] && tail[p] == RECORDS))
      :: else
      fi;
      /* Nobody waits for an end that is gone. */
      assert(!dead[CONSUMER] || dead[p] || stopped[p] || ghostIdle[p]);
      assert(ghostConsumed[p] == head[p] && head[p] <= tail[p]);
      p++
    :: else -> break
    od;
    p = 0;
#if CELLS
    /* With nobody stopped, all that was ever counted has been released, and no cell names anything. */
    slot = 0;
    do
    :: p < SLOTS -> slot = slot + stopped[p]; p++
    :: else -> break
    od;
    p = 0;
    do
    :: p < ALL_CELLS && slot == 0 -> assert(cells[p] == 0); p++
    :: else -> break
    od;
    p = 1;
    do
    :: p < 1 + PRODUCERS * RECORDS * CELLS && slot == 0 -> assert(count[p] == 0); p++
    :: else -> break
    od
#endif
  }
}
