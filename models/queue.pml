/* P9: a queue of several producers and several consumers. Two robust locks (one to put, one to get), each with a log
 * from which the sweep of a dead owner tells whether its item was published, or taken.
 * Elsewhere: how a reference is counted when its holder dies (references.pml; here acquire and release are one step),
 * who may reap a slot, and that only one does (reaper.pml).
 *
 * A killer kills members at any step and stops them for ever. One reaper per slot stands for all reapers; it may be
 * killed and is then replaced by a successor that begins again. A consumer's slot may be given to a newcomer.
 * What is built: REFERENCES (each record has one), GROW (rings in a table), BELLS (real sleep; otherwise who waits goes
 * on as soon as there is something), CLOSE (producer 0 closes in the end), JOIN (somebody waits until all is done).
 */

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#ifndef ITEMS
#define ITEMS 1            /* of each producer */
#endif
#ifndef LAST_ITEMS
#define LAST_ITEMS ITEMS   /* of the last one */
#endif
#ifndef MAX
#define MAX 0              /* items in the queue; 0: only the ring's size counts */
#endif
#ifndef CAPACITY
#define CAPACITY 1         /* of a ring */
#endif
#ifndef SKIPS
#define SKIPS 0            /* records without an item, as at a ring's end */
#endif
#ifndef REFERENCES
#define REFERENCES 0
#endif
#ifndef GROW
#define GROW 0             /* two rings may be added, the table is used again */
#endif
#ifndef BELLS
#define BELLS 0
#endif
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef JOIN
#define JOIN 0
#endif
#ifndef LOOKS_AGAIN
#define LOOKS_AGAIN 1      /* who sleeps looks without a bell, once somebody was killed or stopped */
#endif
#ifndef LOOKS_FIRST
#define LOOKS_FIRST 1      /* who was woken may look before it tries, as an event loop does; who blocks tries */
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef REAPER_KILLS
#define REAPER_KILLS 1
#endif
#ifndef NEWCOMERS
#define NEWCOMERS 0
#endif
#ifndef IMPATIENT
#define IMPATIENT 0        /* how often somebody gives up */
#endif

#define SLOTS (PRODUCERS + CONSUMERS)
#define NOBODY 255
#define SKIP 255
#define ITEMS_OF(slot) ((slot) == PRODUCERS - 1 -> LAST_ITEMS : ITEMS)
#define OF(slot) ((slot) - PRODUCERS)         /* a consumer's number */
#define UNDISTURBED (dying == NOBODY || dying == _pid)

#define TABLE 2
#if GROW
#define BLOCKS 3
#else
#define BLOCKS 1
#endif
#if GROW
#define CELL(index) rings[(index) % TABLE]
#define WRITTEN (CELL(written) - 1)           /* the ring's block */
#define READ (CELL(read) - 1)
#else
#define WRITTEN 0
#define READ 0
#endif
#define PLACE(ring, position) ((ring) * CAPACITY + (position) % CAPACITY)

byte putter, getter;         /* 0, or 1 + slot */
byte puts, gets;
bit closed;

/* The ring blocks. Positions begin at 0 in each. */
byte content[BLOCKS * CAPACITY];   /* 1 + item, or SKIP */
byte tail[BLOCKS], begun[BLOCKS], head[BLOCKS];
#if GROW
byte written, read;
byte rings[TABLE] = {1, 0};  /* references: 1 + block, or 0 */
byte ringLedger[SLOTS];      /* a reference to a ring in a slot's own ledger */
byte ringCount[BLOCKS] = {1, 0, 0};
byte ghostBlocks = 1;        /* allocated so far */
#endif

bit putLogCount, getLogCount;
byte putLogPuts, putLogTail;
byte getLogGets, getLogPosition, getLogGot;

/* The count is all that is cleared. The rest, which nobody reads then, would only multiply the states. */
#define CLEAR_PUT_LOG atomic { putLogCount = 0; putLogPuts = 0; putLogTail = 0 }
#define CLEAR_GET_LOG atomic { getLogCount = 0; getLogGets = 0; getLogPosition = 0; getLogGot = 0 }

byte got[CONSUMERS], done[CONSUMERS], lost[CONSUMERS];

#if REFERENCES
#define OBJECT(item) (item)
byte ledger[SLOTS];          /* 1 + item, or 0 */
byte cells[BLOCKS * CAPACITY];
byte count[1 + PRODUCERS * ITEMS];
bit attaching;
#endif
#if REFERENCES || GROW
bit intentMove[SLOTS];       /* from the slot's ledger to the record, or to the table */
byte intentObject[SLOTS];
byte intentTo[SLOTS];
#endif

#if BELLS
bit wants[SLOTS];
bit bell[SLOTS];
#endif
#if JOIN
bit wantsJoin, bellJoin, ghostJoined;
#endif

bit dead[SLOTS], stopped[SLOTS], reaped[SLOTS];
bit struck;                  /* somebody was killed or stopped: the look without a bell counts */
#if IMPATIENT
byte dying = NOBODY - 1;     /* nobody begins yet */
#else
byte dying = NOBODY;
#endif
byte kills = KILLS, stops = STOPS, reaperKills = REAPER_KILLS, newcomers = NEWCOMERS;
byte impatience = IMPATIENT;
byte skips = SKIPS;

byte ghostPublished;
byte ghostTaken[PRODUCERS];  /* the next of this producer that is to be taken: each once, in order */
byte ghostCommits[CONSUMERS];
bit ghostHand[CONSUMERS];    /* taken, not acknowledged, and its taker lives */
#if CLOSE
bit ghostDrained;            /* somebody was told that it is closed and empty */
#endif
mtype = { BUSY, SLEEPS, IDLE };
mtype mode[SLOTS] = BUSY;

#if CONSUMERS > 1
#define FINISHED (done[0] + lost[0] + done[1] + lost[1])
#else
#define FINISHED (done[0] + lost[0])
#endif

#define NO_ROOM(ring) (tail[ring] - head[ring] >= CAPACITY)
#if GROW
#define FREED(ring) (ringCount[ring] == 0)
#define MAY_GROW (ghostBlocks < BLOCKS && written + 1 - read < TABLE)
#else
#define MAY_GROW false
#endif
#if MAX
#define FULL (puts - gets >= MAX)
#else
#define FULL (NO_ROOM(WRITTEN) && !MAY_GROW)
#endif
#ifdef MUTANT_BUSY_BY_COUNTS
#define EMPTY (puts == gets)
#elif GROW
#define EMPTY (CELL(read) != 0 && read == written && head[READ] == tail[READ])
#else
#define EMPTY (head[0] == tail[0])
#endif
#define CAN_PUT (putter == 0 && (!FULL || closed))
#define CAN_GET (getter == 0 && (!EMPTY || (closed && putter == 0)))

/* Wakes one of two that want it, from either; without bells nobody need be woken. */
#if BELLS
inline wakeOne(first, number) {
#if PRODUCERS > 2 || CONSUMERS > 2
#error
#endif
  if
  :: atomic { wants[first] -> bell[first] = 1 }
  :: atomic { wants[first + number - 1] -> bell[first + number - 1] = 1 }
  :: !wants[first] ->
    if
    :: atomic { wants[first + number - 1] -> bell[first + number - 1] = 1 }
    :: !wants[first + number - 1]
    fi
  :: !wants[first + number - 1] ->
    if
    :: atomic { wants[first] -> bell[first] = 1 }
    :: !wants[first]
    fi
  fi
}

/* Looks without the lock, for what there is then: sets `there`. Whoever has the lock looks when it is done. */
inline lookForItem() {
  if
  :: getter != 0
  :: getter == 0 ->
#if GROW
    seen = read;
    if
#ifndef MUTANT_ONE_RING_LOOKED_AT
    :: seen != written -> atomic { there = 1; seen = 0 }
    :: seen == written ->
#else
    :: true ->
#endif
      if
      :: CELL(seen) == 0 -> atomic { there = 1; seen = 0 }
      :: atomic { CELL(seen) != 0 -> seen = CELL(seen) - 1 };
        at = tail[seen];
        atomic { there = (head[seen] != at); seen = 0; at = 0 }
      fi
    fi
#else
    seen = tail[0];
    atomic { there = (head[0] != seen); seen = 0 }
#endif
#if CLOSE
    if
    :: !there && closed -> there = (putter == 0)
    :: there || !closed
    fi
#endif
  fi
}

inline lookForRoom() {
  if
  :: putter != 0
  :: putter == 0 ->
    if
#if CLOSE
    :: closed -> there = 1
#endif
    :: !closed ->
#if MAX
      seen = puts;
      atomic { there = (seen - gets < MAX); seen = 0 }
#elif GROW
      seen = written;
      if
      :: ghostBlocks < BLOCKS && seen + 1 - read < TABLE -> atomic { there = 1; seen = 0 }
      :: !(ghostBlocks < BLOCKS && seen + 1 - read < TABLE) ->
        if
        :: CELL(seen) == 0 -> atomic { there = 1; seen = 0 }
        :: atomic { CELL(seen) != 0 -> seen = CELL(seen) - 1 };
          at = tail[seen];
          atomic { there = (at - head[seen] < CAPACITY); seen = 0; at = 0 }
        fi
      fi
#else
      seen = tail[0];
      atomic { there = (seen - head[0] < CAPACITY); seen = 0 }
#endif
    fi
  fi
}

inline wakeForItem() {
  lookForItem();
  if
  :: atomic { there -> there = 0 }; wakeOne(PRODUCERS, CONSUMERS)
  :: !there
  fi
}

inline wakeForRoom() {
  lookForRoom();
  if
  :: atomic { there -> there = 0 }; wakeOne(0, PRODUCERS)
  :: !there
  fi
}
#endif

#if JOIN
#if defined(MUTANT_JOIN_ONE_LOOK) || defined(MUTANT_PUTS_AFTER_TAIL)
#define PUTS_FIRST before = puts
#define JOINED_AGAIN before = 0
#else
#define PUTS_FIRST skip
#define JOINED_AGAIN skip
#endif
#ifdef MUTANT_JOIN_ONE_LOOK
#define IS_JOINED (before == seen)
#elif defined(MUTANT_PUTS_AFTER_TAIL)
#define IS_JOINED (before == seen && puts == seen)
#else
/* Read last. At that instant: the sum <= what is finished <= what is published <= puts. */
#define IS_JOINED (puts == seen)
#endif

/* Sets `seen`. */
inline addUp() {
  PUTS_FIRST;
  do
  :: at < CONSUMERS -> seen = seen + done[at]; seen = seen + lost[at]; at++
  :: at == CONSUMERS -> at = 0; break
  od
}
#endif

#if REFERENCES
inline releaseLedger(slot) {
  atomic {
    if
    :: ledger[slot] != 0 -> assert(count[ledger[slot]] > 0); count[ledger[slot]]--; ledger[slot] = 0
    :: else
    fi
  }
}

inline releaseCell(place) {
  atomic {
    if
    :: cells[place] != 0 -> assert(count[cells[place]] > 0); count[cells[place]]--; cells[place] = 0
    :: else
    fi
  }
}
#endif

#if GROW
inline releaseRing(cell) {
  atomic {
    if
    :: cell != 0 -> assert(ringCount[cell - 1] == 1); ringCount[cell - 1] = 0; cell = 0
    :: else
    fi
  }
}
#endif

/* Puts item `number` of this producer. Under the lock what the lock protects does not change: reading it is no step. */
active [PRODUCERS] proctype Producer() provided (UNDISTURBED && !stopped[_pid]) {
  byte number, at, seen;
  bit there;
  {
    do
    :: number < ITEMS_OF(_pid) ->
#if REFERENCES
      atomic { ledger[_pid] = 1 + _pid * ITEMS + number; count[ledger[_pid]] = 1 };
#endif
tryPut:
      if
      :: atomic { putter == 0 -> putter = 1 + _pid }
#if BELLS
      :: putter != 0 -> goto waitPut
#endif
      fi;
#if CLOSE
      if
      :: closed ->
        putter = 0;
#ifndef MUTANT_CLOSED_SILENTLY
        /* Who was turned away meanwhile sleeps, and a getter was not told of the end. */
        wakeForItem(); wakeForRoom();
#endif
        goto withdraw
      :: !closed
      fi;
#endif
#if MAX
      if
      :: FULL -> goto noRoom
      :: atomic { !FULL -> assert(!NO_ROOM(WRITTEN)) }
      fi;
#else
      if
      :: NO_ROOM(WRITTEN) ->
#if GROW
        if
        :: MAY_GROW -> putter = 0; goto grow
        :: !MAY_GROW -> goto noRoom
        fi
#else
        goto noRoom
#endif
#if GROW
      :: atomic { !NO_ROOM(WRITTEN) -> assert(!FREED(WRITTEN)) }
#else
      :: !NO_ROOM(WRITTEN)
#endif
      fi;
#endif
#if SKIPS && !defined(MUTANT_SKIP_AFTER_LOG)
      if
      :: atomic { skips > 0 && tail[WRITTEN] + 1 - head[WRITTEN] < CAPACITY ->
          skips--; content[PLACE(WRITTEN, tail[WRITTEN])] = SKIP };
        tail[WRITTEN] = tail[WRITTEN] + 1
      :: true
      fi;
#endif
      atomic { putLogPuts = puts; putLogTail = tail[WRITTEN] };
#ifndef MUTANT_NO_LOG
      putLogCount = 1;
#endif
#ifdef MUTANT_SKIP_AFTER_LOG
      if
      :: atomic { skips > 0 && tail[WRITTEN] + 1 - head[WRITTEN] < CAPACITY ->
          skips--; content[PLACE(WRITTEN, tail[WRITTEN])] = SKIP };
        tail[WRITTEN] = tail[WRITTEN] + 1
      :: true
      fi;
#endif
      content[PLACE(WRITTEN, tail[WRITTEN])] = 1 + _pid * ITEMS + number;
#if REFERENCES
      cells[PLACE(WRITTEN, tail[WRITTEN])] = 0;
#ifndef MUTANT_NO_ATTACHING
      attaching = 1;
#endif
#ifdef MUTANT_CELL_AFTER_TAIL
      atomic { tail[WRITTEN] = tail[WRITTEN] + 1; ghostPublished++ };
#define RECORD (tail[WRITTEN] - 1)
#else
#define RECORD tail[WRITTEN]
#endif
      atomic { intentObject[_pid] = ledger[_pid]; intentTo[_pid] = PLACE(WRITTEN, RECORD); intentMove[_pid] = 1 };
      cells[intentTo[_pid]] = intentObject[_pid];
      ledger[_pid] = 0;
      intentMove[_pid] = 0;
#endif
#ifndef MUTANT_PUTS_AFTER_TAIL
      /* Before the tail: what is taken and done is never more than what was put. */
      puts = putLogPuts + 1;
#endif
#ifndef MUTANT_CELL_AFTER_TAIL
      atomic { tail[WRITTEN] = tail[WRITTEN] + 1; ghostPublished++ };
#endif
#if REFERENCES
      attaching = 0;
#endif
#ifdef MUTANT_PUTS_AFTER_TAIL
      puts = putLogPuts + 1;
#endif
#ifndef MUTANT_LOG_LEFT
      CLEAR_PUT_LOG;
#endif
      putter = 0;
#if BELLS
      wakeOne(PRODUCERS, CONSUMERS);
#ifndef MUTANT_NO_ROOM_PASSED_ON
      wakeForRoom();
#endif
      if
      :: wants[_pid] ->
        wants[_pid] = 0;
#ifndef MUTANT_TAKES_A_WAKE_UP_ALONG
        /* What woke this one after it had what it wanted is for another. */
        wakeForRoom()
#endif
      :: !wants[_pid]
      fi;
#endif
      atomic { number++; goto next };
noRoom:
      putter = 0;
#if BELLS && !defined(MUTANT_FULL_WITHOUT_LOOK)
      /* Whoever was turned away meanwhile sleeps: if there is room now, it must not be left to nobody. */
      lookForRoom();
      if
      :: atomic { there -> there = 0 }; goto tryPut
      :: !there
      fi;
#endif
      goto waitPut;
#if GROW
grow:
      atomic {
        if
        :: ghostBlocks < BLOCKS ->
          ringCount[ghostBlocks] = 1; ringLedger[_pid] = 1 + ghostBlocks; ghostBlocks++
        :: else -> goto tryPut
        fi
      };
      atomic { putter == 0 -> putter = 1 + _pid };
      if
      :: NO_ROOM(WRITTEN) && written + 1 - read < TABLE ->
#ifndef MUTANT_LEFT_OVERWRITTEN
        releaseRing(CELL(written + 1));
#endif
#ifdef MUTANT_WRITTEN_FIRST
        written++;
#define NEW_CELL written
#else
#define NEW_CELL (written + 1)
#endif
        atomic { intentObject[_pid] = ringLedger[_pid]; intentTo[_pid] = NEW_CELL % TABLE; intentMove[_pid] = 1 };
        rings[intentTo[_pid]] = intentObject[_pid];
        ringLedger[_pid] = 0;
        intentMove[_pid] = 0;
#ifndef MUTANT_WRITTEN_FIRST
        written++
#endif
      :: else -> releaseRing(ringLedger[_pid])
      fi;
      putter = 0;
      goto tryPut;
#endif
waitPut:
#if BELLS
      if
#if IMPATIENT
      /* Who does not wait at all need wake nobody. */
      :: atomic { !wants[_pid] && impatience > 0 -> impatience-- }; goto leave
#endif
      :: !wants[_pid] ->
        wants[_pid] = 1;
#ifndef MUTANT_NO_SPACE_RECHECK
        goto tryPut
#endif
      :: wants[_pid]
      fi;
sleep:
      mode[_pid] = SLEEPS;
      if
      :: atomic { bell[_pid] -> bell[_pid] = 0; mode[_pid] = BUSY }
      :: atomic { LOOKS_AGAIN && struck && CAN_PUT -> mode[_pid] = BUSY }
#if IMPATIENT
      :: atomic { impatience > 0 -> impatience--; mode[_pid] = BUSY };
#ifdef MUTANT_LEAVE_SILENTLY
        wants[_pid] = 0;
        goto leave
#else
        goto withdraw
#endif
#endif
      fi;
      if
      :: goto tryPut
#if LOOKS_FIRST
      :: true ->
        lookForRoom();
        if
        :: atomic { there -> there = 0 }; goto tryPut
        :: !there -> goto sleep
        fi
#endif
      fi;
#if CLOSE || IMPATIENT
withdraw:
      if
      :: wants[_pid] -> wants[_pid] = 0; wakeForRoom()
      :: !wants[_pid]
      fi;
      goto leave;
#endif
#else
      mode[_pid] = SLEEPS;
      atomic { CAN_PUT -> mode[_pid] = BUSY };
      goto tryPut;
#endif
next: skip
    :: number == ITEMS_OF(_pid) -> break
    od;
leave:
#if REFERENCES && CLOSE
    releaseLedger(_pid);
#endif
#if CLOSE
    if
    :: _pid == 0 ->
      closed = 1;
#if BELLS
      do
      :: at < SLOTS -> bell[at] = bell[at] || wants[at]; at++
      :: at == SLOTS -> at = 0; break
      od
#endif
    :: _pid != 0
    fi;
#endif
    mode[_pid] = IDLE;
    false
  } unless {
    atomic { dying == _pid; dead[_pid] = 1; number = 0; at = 0; seen = 0; there = 0; mode[_pid] = BUSY; dying = NOBODY }
  };
  false
}

#define MINE(array) array[OF(_pid)]

active [CONSUMERS] proctype Consumer() provided (UNDISTURBED && !stopped[_pid]) {
  byte item, at, seen;
  bit wasClosed, there;
#if defined(MUTANT_JOIN_ONE_LOOK) || defined(MUTANT_PUTS_AFTER_TAIL)
  byte before;
#endif
again:
  {
    do
    :: true ->
      /* The item in hand is done. */
      atomic {
        if
        :: ghostHand[OF(_pid)] ->
          ghostHand[OF(_pid)] = 0;
#ifdef MUTANT_DONE_IS_GOT
          MINE(done) = MINE(got)
#else
          MINE(done) = MINE(got) - MINE(lost)
#endif
        :: else -> goto acknowledged
        fi
      };
#if JOIN
      if
      :: wantsJoin ->
        addUp();
        if
        :: atomic { IS_JOINED -> seen = 0; bellJoin = 1; JOINED_AGAIN }
        :: atomic { !(IS_JOINED) -> seen = 0; JOINED_AGAIN }
        fi
      :: !wantsJoin
      fi;
#endif
#if REFERENCES
      releaseLedger(_pid);
#endif
acknowledged:
tryGet:
      if
      :: atomic { getter == 0 -> getter = 1 + _pid }
#if BELLS
      :: getter != 0 -> goto waitGet
#endif
      fi;
look:
#if CLOSE && !defined(MUTANT_CLOSED_LAST)
      /* In this order: no put is under way that has seen it open, so what is empty then stays so. */
#ifdef MUTANT_PUTTER_FIRST
      if
      :: putter == 0 -> wasClosed = closed
      :: putter != 0 -> wasClosed = 0
      fi;
#else
      wasClosed = closed;
#ifndef MUTANT_PUTTER_FORGOTTEN
      if
      :: wasClosed -> wasClosed = (putter == 0)
      :: !wasClosed
      fi;
#endif
#endif
#endif
#if GROW
#ifndef MUTANT_EMPTY_BEFORE_WRITTEN
      seen = written;
#endif
      if
      :: CELL(read) == 0 ->
#if KILLS
        assert(read != written);
#endif
        goto nextRing
      :: atomic { CELL(read) != 0 -> assert(!FREED(READ)) }
      fi;
#endif
      if
      :: head[READ] == tail[READ] ->
#if GROW
#ifdef MUTANT_EMPTY_BEFORE_WRITTEN
        seen = written;
#endif
        if
        :: read != seen ->
nextRing:
#ifdef MUTANT_READ_FIRST
          read++;
          releaseRing(CELL(read - 1));
#else
          releaseRing(CELL(read));
          read++;
#endif
          seen = 0;
          goto look
        :: read == seen -> seen = 0
        fi;
#endif
#ifdef MUTANT_CLOSED_LAST
        wasClosed = closed;
#endif
        getter = 0;
#if CLOSE
        if
        :: atomic { wasClosed -> wasClosed = 0; ghostDrained = 1 };
#ifndef MUTANT_CLOSED_SILENTLY
          wakeForItem();
#endif
          goto withdraw
        :: !wasClosed
        fi;
#endif
#if BELLS && !defined(MUTANT_EMPTY_WITHOUT_LOOK)
        lookForItem();
        if
        :: atomic { there -> there = 0 }; goto tryGet
        :: !there
        fi;
#endif
        goto waitGet
      :: head[READ] != tail[READ] -> atomic { seen = 0; wasClosed = 0 }
      fi;
#if SKIPS
      if
      :: content[PLACE(READ, head[READ])] == SKIP ->
        begun[READ] = head[READ] + 1;
        head[READ] = begun[READ];
        goto look
      :: content[PLACE(READ, head[READ])] != SKIP
      fi;
#endif
      item = content[PLACE(READ, head[READ])];
#if REFERENCES
      atomic { assert(cells[PLACE(READ, head[READ])] == item); ledger[_pid] = item; count[item]++ };
#endif
#ifdef MUTANT_COUNT_BEFORE_LOG
      atomic { getLogGets = gets; getLogPosition = head[READ]; getLogGot = MINE(got) };
      MINE(got) = getLogGot + 1;
      getLogCount = 1;
#else
      atomic { getLogGets = gets; getLogPosition = head[READ]; getLogGot = MINE(got) };
      getLogCount = 1;
#ifndef MUTANT_COMMIT_FIRST
      MINE(got) = getLogGot + 1;
#endif
#endif
      atomic {
        begun[READ] = head[READ] + 1;
        /* Each once, and a producer's items in their order. */
        assert((item - 1) % ITEMS == ghostTaken[(item - 1) / ITEMS]);
        ghostTaken[(item - 1) / ITEMS]++;
        ghostCommits[OF(_pid)]++;
        ghostHand[OF(_pid)] = 1;
        item = 0
      };
#ifdef MUTANT_COMMIT_FIRST
      MINE(got) = getLogGot + 1;
#endif
#if REFERENCES && !defined(MUTANT_HEAD_FIRST)
      releaseCell(PLACE(READ, head[READ]));
#endif
      head[READ] = begun[READ];
#ifdef MUTANT_HEAD_FIRST
      releaseCell(PLACE(READ, head[READ] - 1));
#endif
      gets = getLogGets + 1;
#ifndef MUTANT_LOG_LEFT
      CLEAR_GET_LOG;
#endif
      getter = 0;
#if BELLS
#ifndef MUTANT_NO_ITEM_PASSED_ON
      wakeForItem();
#endif
      wakeForRoom();
      if
      :: wants[_pid] ->
        wants[_pid] = 0;
#ifndef MUTANT_TAKES_A_WAKE_UP_ALONG
        wakeForItem()
#endif
      :: !wants[_pid]
      fi;
#endif
      atomic {
        if
        :: true -> mode[_pid] = IDLE; goto idle      /* never comes back, with the item in hand */
        :: true -> goto next
        fi
      };
waitGet:
#if BELLS
      if
#if IMPATIENT
      /* Who does not wait at all need wake nobody. */
      :: atomic { !wants[_pid] && impatience > 0 -> impatience-- }; goto idle
#endif
      :: !wants[_pid] ->
        wants[_pid] = 1;
#ifndef MUTANT_NO_RECHECK
        goto tryGet
#endif
      :: wants[_pid]
      fi;
sleep:
      mode[_pid] = SLEEPS;
      if
      :: atomic { bell[_pid] -> bell[_pid] = 0; mode[_pid] = BUSY }
      :: atomic { LOOKS_AGAIN && struck && CAN_GET -> mode[_pid] = BUSY }
#if IMPATIENT
      :: atomic { impatience > 0 -> impatience--; mode[_pid] = BUSY };
#ifdef MUTANT_LEAVE_SILENTLY
        wants[_pid] = 0;
        goto idle
#else
        goto withdraw
#endif
#endif
      fi;
      if
      :: goto tryGet
#if LOOKS_FIRST
      :: true ->
        lookForItem();
        if
        :: atomic { there -> there = 0 }; goto tryGet
        :: !there -> goto sleep
        fi
#endif
      fi;
#if CLOSE || IMPATIENT
withdraw:
      if
      :: wants[_pid] -> wants[_pid] = 0; wakeForItem()
      :: !wants[_pid]
      fi;
      goto idle;
#endif
#else
      mode[_pid] = SLEEPS;
      atomic { CAN_GET -> mode[_pid] = BUSY };
      goto tryGet;
#endif
next: skip
    od;
idle:
    mode[_pid] = IDLE;
    false
  } unless {
    atomic {
      dying == _pid;
      dead[_pid] = 1;
      item = 0; at = 0; seen = 0; wasClosed = 0; there = 0; ghostHand[OF(_pid)] = 0; mode[_pid] = BUSY;
      dying = NOBODY
    }
  };
#if NEWCOMERS
  atomic { reaped[_pid] && newcomers > 0 -> newcomers--; dead[_pid] = 0; reaped[_pid] = 0 };
  goto again
#else
  false
#endif
}

#if JOIN
active proctype Joiner() provided (dying == NOBODY) {
  byte seen, at, before;
  wantsJoin = 1;
look:
  addUp();
  if
  :: atomic { IS_JOINED -> ghostJoined = 1; assert(ghostPublished == FINISHED) }
  :: atomic { !(IS_JOINED) -> seen = 0; JOINED_AGAIN };
    if
    :: atomic { bellJoin -> bellJoin = 0 }
    :: struck && puts == FINISHED
    fi;
    goto look
  fi
}
#define REAPER(slot) (SLOTS + 1 + (slot))
#else
#define REAPER(slot) (SLOTS + (slot))
#endif

#define SLOT (_pid - REAPER(0))

inline sweepPutter() {
  if
  :: putter == 1 + SLOT ->
#ifdef MUTANT_SWEEP_UNLOCKS_FIRST
    putter = 0;
#endif
    if
    :: putLogCount ->
#if REFERENCES
      if
      :: tail[WRITTEN] == putLogTail && attaching -> releaseCell(PLACE(WRITTEN, tail[WRITTEN]))
      :: tail[WRITTEN] != putLogTail || !attaching
      fi;
      attaching = 0;
#endif
#ifdef MUTANT_TAIL_ONLY
      puts = puts + (tail[WRITTEN] != putLogTail -> 1 : 0);
#else
      puts = putLogPuts + (tail[WRITTEN] != putLogTail -> 1 : 0);
#endif
      CLEAR_PUT_LOG
    :: !putLogCount
    fi;
#ifndef MUTANT_SWEEP_UNLOCKS_FIRST
    putter = 0
#endif
  :: putter != 1 + SLOT
  fi
}

inline sweepGetter() {
  if
  :: getter == 1 + SLOT ->
#ifdef MUTANT_SWEEP_UNLOCKS_FIRST
    getter = 0;
#endif
    if
    :: getLogCount ->
      if
      :: begun[READ] == getLogPosition ->
#ifndef MUTANT_NO_UNDO
        got[OF(SLOT)] = getLogGot
#endif
      :: begun[READ] != getLogPosition ->
#if REFERENCES
#ifdef MUTANT_DROP_BY_POSITION
        releaseCell(PLACE(READ, getLogPosition));
#else
        /* By the head: once it has moved, the place may be a producer's. */
        if
        :: head[READ] != begun[READ] -> releaseCell(PLACE(READ, head[READ]))
        :: head[READ] == begun[READ]
        fi;
#endif
#endif
        head[READ] = begun[READ];
        gets = getLogGets + 1
      fi;
      CLEAR_GET_LOG
    :: !getLogCount ->
#ifndef MUTANT_SKIP_NOT_FINISHED
#if GROW
      if
      :: CELL(read) != 0 -> head[READ] = begun[READ]
      :: CELL(read) == 0
      fi
#else
      head[READ] = begun[READ]
#endif
#endif
    fi;
#ifndef MUTANT_SWEEP_UNLOCKS_FIRST
    getter = 0
#endif
  :: getter != 1 + SLOT
  fi
}

active [SLOTS] proctype Reaper() provided (UNDISTURBED) {
  byte at;
#if BELLS
  bit wanting[SLOTS];
#endif
again:
  {
    dead[SLOT] && !reaped[SLOT];
#if REFERENCES || GROW
#ifndef MUTANT_SWEEP_BEFORE_INTENT
#define SETTLE \
    if \
    :: intentMove[SLOT] -> \
      INTENT_TO[intentTo[SLOT]] = intentObject[SLOT]; \
      INTENT_FROM[SLOT] = 0; \
      intentMove[SLOT] = 0 \
    :: !intentMove[SLOT] \
    fi;
#if GROW
#define INTENT_TO rings
#define INTENT_FROM ringLedger
#else
#define INTENT_TO cells
#define INTENT_FROM ledger
#endif
    SETTLE
#endif
#endif
#ifdef MUTANT_LOST_FIRST
    if
    :: SLOT >= PRODUCERS -> lost[OF(SLOT)] = got[OF(SLOT)] - done[OF(SLOT)]
    :: SLOT < PRODUCERS
    fi;
#endif
    if
    :: SLOT < PRODUCERS -> sweepPutter()
    :: SLOT >= PRODUCERS ->
      sweepGetter();
#ifndef MUTANT_LOST_FIRST
      lost[OF(SLOT)] = got[OF(SLOT)] - done[OF(SLOT)]
#endif
    fi;
#if REFERENCES
#ifdef MUTANT_SWEEP_BEFORE_INTENT
    if
    :: intentMove[SLOT] -> cells[intentTo[SLOT]] = intentObject[SLOT]; ledger[SLOT] = 0; intentMove[SLOT] = 0
    :: !intentMove[SLOT]
    fi;
#endif
    releaseLedger(SLOT);
#endif
#if GROW
    releaseRing(ringLedger[SLOT]);
#endif
#if BELLS
    wants[SLOT] = 0;
#ifndef MUTANT_NO_BELL_AFTER_SWEEP
    /* Who wants something is noted before the memory is swept, and rung for after that. */
    do
    :: at < SLOTS -> atomic { wanting[at] = wants[at]; at++ }
    :: at == SLOTS -> at = 0; break
    od;
    do
    :: at < SLOTS -> atomic { bell[at] = bell[at] || wanting[at]; wanting[at] = 0; at++ }
    :: at == SLOTS -> at = 0; break
    od;
#endif
#endif
#if JOIN
    if
    :: wantsJoin -> bellJoin = 1
    :: !wantsJoin
    fi;
#endif
    reaped[SLOT] = 1;
#if NEWCOMERS
    goto again
#else
    false
#endif
  } unless {
    atomic {
      dying == _pid;
#if BELLS
      at = 0;
      do
      :: at < SLOTS -> wanting[at] = 0; at++
      :: at == SLOTS -> break
      od;
#endif
      at = 0;
      dying = NOBODY
    }
  };
  goto again
}

#define MAY_STRIKE(slot) \
  :: atomic { dying == NOBODY && kills > 0 && !dead[slot] -> stopped[slot] = 0; kills--; struck = 1; dying = slot } \
  :: atomic { dying == NOBODY && stops > 0 && !dead[slot] && !stopped[slot] -> \
      stopped[slot] = 1; struck = 1; stops-- } \
  :: atomic { dying == NOBODY && reaperKills > 0 && dead[slot] && !reaped[slot] -> reaperKills--; dying = REAPER(slot) }

init {
  byte at, left, named, ring;
#if IMPATIENT
  /* Whoever can still give up is not asleep for ever: so perhaps nobody can, from the first. */
  atomic {
    if
    :: impatience = 0
    :: true
    fi;
    dying = NOBODY
  };
#endif
  /* The killer. */
  do
  :: kills == 0 && stops == 0 && reaperKills == 0 -> break
  :: atomic { dying == NOBODY && kills + stops + reaperKills > 0 -> kills = 0; stops = 0; reaperKills = 0 }
  MAY_STRIKE(0)
  MAY_STRIKE(1)
#if SLOTS > 2
  MAY_STRIKE(2)
#endif
#if SLOTS > 3
  MAY_STRIKE(3)
#endif
  od;
  /* Nobody can move. */
  timeout;
  d_step {
    named = 0;
    do
    :: at < SLOTS ->
      assert((dead[at] && reaped[at]) || stopped[at] || mode[at] != BUSY || putter != 0 || getter != 0);
      /* Nobody sleeps beside what it waits for. */
      assert(dead[at] || stopped[at] || mode[at] != SLEEPS || (at < PRODUCERS -> !CAN_PUT : !CAN_GET));
      named = named + stopped[at];
      at++
    :: else -> break
    od;
    at = 0;
    /* A lock is free, or its owner was stopped. */
    assert(putter == 0 || stopped[putter - 1]);
    assert(getter == 0 || stopped[getter - 1]);
    if
    :: named == 0 ->
      do
      :: at < CONSUMERS ->
        assert(got[at] == ghostCommits[at] && got[at] == done[at] + lost[at] + ghostHand[at]);
        named = named + got[at];
        at++
      :: else -> break
      od;
      at = 0;
      assert(gets == named && puts == ghostPublished && !putLogCount && !getLogCount);
#if GROW
      /* The rings from read to written are there once; no other is, but one a dead grower left beyond written. */
      ring = read;
      do
      :: ring <= written ->
        if
        :: CELL(ring) != 0 ->
          assert(!FREED(CELL(ring) - 1) && begun[CELL(ring) - 1] == head[CELL(ring) - 1]);
          left = left + tail[CELL(ring) - 1] - head[CELL(ring) - 1]
        :: else -> assert(ring != written)
        fi;
        ring++
      :: else -> break
      od;
      ring = 0;
      do
      :: ring < BLOCKS ->
        assert(ringCount[ring] == (rings[0] == ring + 1 -> 1 : 0) + (rings[1] == ring + 1 -> 1 : 0));
        ring++
      :: else -> break
      od;
      assert(read <= written && written - read < TABLE);
      ring = 0;
#else
      assert(begun[0] == head[0]);
      at = head[0];
      do
      :: at < tail[0] -> left = left + (content[PLACE(0, at)] != SKIP -> 1 : 0); at++
      :: else -> break
      od;
      at = 0;
#endif
      assert(puts == gets + left);
#if CLOSE
      /* Who left because it was closed has left nothing behind. */
      assert(!ghostDrained || left == 0);
#endif
#if JOIN
      assert(ghostJoined || puts != FINISHED);
#endif
#if REFERENCES
      assert(!attaching);
      at = 1;
      do
      :: at <= PRODUCERS * ITEMS ->
        named = 0;
        ring = 0;
        do
        :: ring < SLOTS -> named = named + (ledger[ring] == at -> 1 : 0); assert(!dead[ring] || ledger[ring] == 0); ring++
        :: else -> break
        od;
        ring = 0;
        do
        :: ring < CAPACITY -> named = named + (cells[ring] == at -> 1 : 0); ring++
        :: else -> break
        od;
        assert(count[at] == named);
        at++
      :: else -> break
      od;
      at = head[0];
      ring = tail[0];
      do
      :: ring < head[0] + CAPACITY -> assert(cells[PLACE(0, ring)] == 0); ring++
      :: else -> break
      od;
      at = 0; ring = 0
#endif
    :: else
    fi;
    named = 0; left = 0
  }
}
