/* P1: slots change hands without two sweeps of one life, without the sweep of a live slot, and none stays stuck.
 * Elsewhere: what a sweep does to references (references.pml), rings (ring.pml) and spans (allocator.pml); here it
 * is the clearing of two things that the slot's holder left.
 *
 * Two or three members start alive; each may reap the others, reserve a free slot and start children for it (two at
 * a time for one reservation: a request that was answered late and made again). A killer kills and stops members for
 * ever at any step; it leaves the first one running, who has to bring everything to a good end.
 */

#define SLOTS 3
#define THINGS 2
#ifndef MEMBERS
#define MEMBERS 3
#endif
#ifndef KILLS
#define KILLS 2
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef RESERVATIONS
#define RESERVATIONS 1
#endif
#define FIRST 2            /* pid 0 is init, 1 the killer; then the members and the children as they start */
#define NOBODY 0

/* The slot word: state | slot of the reaper or parent | its generation | generation of the slot. */
#define FREE 0
#define RESERVED 1
#define LIVE 2
#define REAPING 3
#define STATE(word) ((word) & 3)
#define BY(word) (((word) >> 2) & 3)
#ifdef MUTANT_NO_REAPER_GENERATION
#define WORD(state, by, byGeneration, generation) ((state) | ((by) << 2) | ((generation) << 7))
#define BY_GENERATION(word) (GENERATION(slotWord[BY(word)]))
#else
#define WORD(state, by, byGeneration, generation) ((state) | ((by) << 2) | ((byGeneration) << 4) | ((generation) << 7))
#define BY_GENERATION(word) (((word) >> 4) & 7)
#endif
#define GENERATION(word) (((word) >> 7) & 7)

short slotWord[SLOTS];
byte token[SLOTS];         /* who holds the record lock of the slot's byte; the kernel takes it back at death */
byte things[SLOTS * THINGS]; /* the pid that left it here, or 0 */

bool alive[12];
bool stopped[12];
byte dying;
byte kills = KILLS;
byte stops = STOPS;
byte reservations = RESERVATIONS;

byte ghostHolder[SLOTS];   /* the pid whose claim of the slot succeeded in the present generation */
byte ghostSwept[SLOTS];    /* generations swept to the end */
byte ghostCancelled[SLOTS];/* generations that nobody ever held */

/* A holder of an earlier generation, or of no generation at all, is gone. */
#define HOLDS(word, slot, generation) (STATE(word) == LIVE && GENERATION(word) == (generation))
#define IS_RESERVED(word, generation) (STATE(word) == RESERVED && GENERATION(word) == (generation))
#define GONE(word) (!HOLDS(slotWord[BY(word)], BY(word), BY_GENERATION(word)) || token[BY(word)] == NOBODY)

/* What wakes a member up to look at a slot (pidfds in the program); it then reads everything again, step by step. */
#ifdef MUTANT_TOKEN_FIRST
#define EVENT_LIVE(slot) (token[slot] == NOBODY && STATE(slotWord[slot]) != FREE && STATE(slotWord[slot]) != REAPING)
#else
#define EVENT_LIVE(slot) (token[slot] == NOBODY && STATE(slotWord[slot]) == LIVE)
#endif
#define EVENT_BY(slot, state) (STATE(slotWord[slot]) == state && GONE(slotWord[slot]))

inline forget() {
  word = 0; other = 0; hit = 0; slot = 0; index = 0
}

/* hit = the one whom the word names is gone. His word is read first, then his token. */
inline checkNamed() {
  atomic { other = slotWord[BY(word)]; hit = !HOLDS(other, BY(word), BY_GENERATION(word)); other = 0 };
  if
  :: hit
  :: atomic { !hit -> hit = (token[BY(word)] == NOBODY) }
  fi
}

inline swapSlotWord(next) {
  if
  :: slotWord[slot] == word -> slotWord[slot] = next; word = next; hit = 1
  :: else -> hit = 0
  fi
}

inline claimSlot() {
  atomic {
    swapSlotWord(WORD(REAPING, me, myGeneration, GENERATION(word)));
    if
    :: hit -> assert(!alive[ghostHolder[slot]])          /* never a live one's, stopped or not */
    :: else -> forget()
    fi
  }
}

inline sweep() {
  hit = 0;
  do
  :: atomic { index < THINGS ->
      assert(slotWord[slot] == word);                    /* the claim is still ours */
      assert(things[slot * THINGS + index] == 0 || things[slot * THINGS + index] == ghostHolder[slot]);
      things[slot * THINGS + index] = 0;
      index++
    }
  :: index == THINGS -> break
  od;
  atomic {
    assert(slotWord[slot] == word && things[slot * THINGS] == 0 && things[slot * THINGS + 1] == 0);
    assert(ghostSwept[slot] + ghostCancelled[slot] == GENERATION(word));
    ghostSwept[slot]++;
    ghostHolder[slot] = NOBODY;
    slotWord[slot] = WORD(FREE, 0, 0, GENERATION(word) + 1);
    forget()
  }
}

#define MAY_REAP(target) \
  :: atomic { me != target && EVENT_LIVE(target) -> slot = target }; \
    LOOK_AT_LIVE; \
    if \
    :: atomic { !hit -> forget() } \
    :: hit -> \
      claimSlot(); \
      if \
      :: hit -> sweep() \
      :: !hit \
      fi \
    fi \
  :: atomic { me != target && EVENT_BY(target, REAPING) -> slot = target; word = slotWord[slot] }; \
    checkNamed(); \
    if \
    :: atomic { !hit -> forget() } \
    :: hit -> \
      claimSlot(); \
      if \
      :: hit -> sweep() \
      :: !hit \
      fi \
    fi \
  :: atomic { me != target && EVENT_BY(target, RESERVED) -> slot = target; word = slotWord[slot] }; \
    checkNamed(); \
    if \
    :: atomic { !hit -> forget() } \
    :: hit -> cancel() \
    fi \
  :: atomic { reservations > 0 && reserved == 0 && me != target && STATE(slotWord[target]) == FREE -> \
      reservations--; slot = target; word = slotWord[slot]; hit = 0 }; \
    reserve()

#ifdef MUTANT_TOKEN_FIRST
#define LOOK_AT_LIVE hit = (token[slot] == NOBODY); \
  atomic { word = slotWord[slot]; hit = (hit && STATE(word) == LIVE) }
#else
#define LOOK_AT_LIVE word = slotWord[slot]; \
  hit = (STATE(word) == LIVE && token[slot] == NOBODY)
#endif

/* A reservation that nobody will take up: its parent is gone, or all its children are. */
inline cancel() {
  atomic {
    swapSlotWord(WORD(FREE, 0, 0, GENERATION(word) + 1));
    if
    :: hit -> ghostCancelled[slot]++; assert(ghostHolder[slot] == NOBODY)
    :: else
    fi;
    forget()
  }
}

inline reserve() {
  atomic {
    swapSlotWord(WORD(RESERVED, me, myGeneration, GENERATION(word)));
    if
    :: hit -> hit = 0; reserved = word; reservedSlot = slot; slot = 0; word = 0
    :: else -> reservations++; forget()                  /* somebody else was faster: try again */
    fi
  };
  if
  :: reserved != 0 && firstChild == NOBODY ->
    atomic { firstChild = run Member(reservedSlot, GENERATION(reserved), true); alive[firstChild] = true };
    atomic { secondChild = run Member(reservedSlot, GENERATION(reserved), true); alive[secondChild] = true }
  :: reserved == 0 || firstChild != NOBODY
  fi
}

proctype Member(byte me; byte myGeneration; bool isChild) provided ((dying == 0 || dying == _pid) && !stopped[_pid]) {
  short word, other, reserved;
  byte slot, index, firstChild, secondChild, reservedSlot;
  bit hit;
  {
    if
    :: isChild ->
      do
      /* The lock, without waiting; the reservation is looked at between the attempts. */
#ifdef MUTANT_CLAIM_WITHOUT_LOCK
      :: break
#else
      :: atomic { token[me] == NOBODY -> token[me] = _pid; break }
      :: !IS_RESERVED(slotWord[me], myGeneration) -> goto gone
#endif
      od;
      word = slotWord[me];
      atomic {
        if
        :: IS_RESERVED(word, myGeneration) && slotWord[me] == word ->
          slotWord[me] = WORD(LIVE, 0, 0, myGeneration);
          assert(ghostHolder[me] == NOBODY);             /* exactly one child */
          ghostHolder[me] = _pid
        :: else -> goto gone
        fi
      };
#ifdef MUTANT_CLAIM_WITHOUT_LOCK
      atomic { token[me] == NOBODY -> token[me] = _pid };
#endif
      word = 0
    :: !isChild
    fi;
    /* A newcomer finds nothing, and loses nothing. */
    atomic { assert(things[me * THINGS] == 0); things[me * THINGS] = _pid };
    atomic { assert(things[me * THINGS + 1] == 0); things[me * THINGS + 1] = _pid };
    do
    MAY_REAP(0)
    MAY_REAP(1)
    MAY_REAP(2)
    :: atomic {
        reserved != 0 && !alive[firstChild] && !alive[secondChild] ->
        slot = reservedSlot; word = reserved; reserved = 0; firstChild = 0; secondChild = 0; reservedSlot = 0
      };
      cancel()
    od;
gone:
    atomic {
      if
      :: token[me] == _pid -> token[me] = NOBODY
      :: else
      fi;
      alive[_pid] = false;
      forget();
      me = 0; myGeneration = 0; isChild = false
    };
    false
  } unless {
    atomic {
      dying == _pid;
      alive[_pid] = false;
      if
      :: token[me] == _pid -> token[me] = NOBODY
      :: else
      fi;
      forget();
      reserved = 0; firstChild = 0; secondChild = 0; reservedSlot = 0; me = 0; myGeneration = 0; isChild = false;
      dying = 0
    }
  };
  false
}

#define MAY_STRIKE(member) \
  :: atomic { kills > 0 && alive[member] -> stopped[member] = false; kills--; dying = member } \
  :: atomic { stops > 0 && alive[member] && !stopped[member] -> stopped[member] = true; stops-- }

proctype Killer() provided (dying == 0) {
  do
  MAY_STRIKE(FIRST + 1)
  MAY_STRIKE(FIRST + 2)
  MAY_STRIKE(FIRST + 3)
  MAY_STRIKE(FIRST + 4)
  :: atomic { kills + stops > 0 -> kills = 0; stops = 0 }
  od
}

/* By a stopped holder, or by a stopped second child that took the lock of the holder that died before it looked. */
#define HELD_UP(slot) (token[slot] != NOBODY && stopped[token[slot]])
#define KEEPS_ITS_THINGS(slot, member) (things[(slot) * THINGS] == member && things[(slot) * THINGS + 1] == member)

init {
  byte slot, member;
  atomic {
    run Killer();
    do
    :: slot < MEMBERS ->
      member = run Member(slot, 0, false);
      alive[member] = true;
      slotWord[slot] = WORD(LIVE, 0, 0, 0);
      token[slot] = member;
      ghostHolder[slot] = member;
      slot++
    :: else -> break
    od;
    slot = 0
  };
  /* Nobody can move: no slot is stuck, except by one who is stopped. */
  timeout;
  d_step {
    do
    :: slot < SLOTS ->
      member = ghostHolder[slot];
      if
      :: STATE(slotWord[slot]) == FREE -> assert(member == NOBODY)
      :: STATE(slotWord[slot]) == LIVE ->
        assert(alive[member] || HELD_UP(slot));
        assert(!alive[member] || stopped[member] || KEEPS_ITS_THINGS(slot, member))
      :: STATE(slotWord[slot]) == REAPING -> assert(HELD_UP(BY(slotWord[slot])))
      :: STATE(slotWord[slot]) == RESERVED -> assert(STOPS > 0 && stops == 0)
      fi;
      slot++
    :: else -> break
    od
  }
}
