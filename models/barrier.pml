/* P7: a barrier. One word holds the generation, how many of its parties have arrived, and whether it is broken; a word for each
 * slot, in which generation it waits, and whether that was broken before somebody reset the barrier.
 * Elsewhere: who may reap a slot (reaper.pml), how a sleeper is woken (ring.pml; here a bell is a bit that stays).
 *
 * Members arrive a few times, and may give up, which breaks it for all; somebody resets it at any moment. The killer kills
 * member 1 at any step. The look without a bell (every 50 ms in the program) is there only once somebody was killed.
 */

#ifndef PARTIES
#define PARTIES 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef LAST_ROUNDS
#define LAST_ROUNDS 1      /* of the last member */
#endif
#ifndef RESETTERS
#define RESETTERS 2
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef LEAVES
#define LEAVES 1           /* how often somebody gives up */
#endif
#ifndef RESETS
#define RESETS 1           /* of each of those that reset */
#endif
#ifndef MEMBERS
#define MEMBERS 3
#endif
#define MOST 9             /* generations */
#define NOBODY 255
#define FIRST 3            /* pids: 0 is init, 1 the killer, 2 the reaper; then the members */

/* One word: */
byte generation;
byte count;
bit broken;

bit wants[MEMBERS];
/* One word each: */
byte waitsIn[MEMBERS] = NOBODY;
bit broke[MEMBERS];
bit bell[MEMBERS];

bit alive[MEMBERS];
bit dead[MEMBERS];
bit swept[MEMBERS];
byte dying = NOBODY;
byte kills = KILLS;
byte leaves = LEAVES;
bit struck;

bit ghostReleased[MOST];   /* a generation that all parties of it arrived in */
bit ghostInside[MEMBERS];  /* counted, and not back yet */

/* In one step: whoever wishes later sees what is rung for. */
inline ringAll() {
  d_step {
    do
    :: at < MEMBERS -> bell[at] = (bell[at] || wants[at]); at++
    :: at == MEMBERS -> break
    od;
    at = 0
  }
}

/* Breaks generation `which`, unless it is over. */
inline breakIt(which) {
  if
  :: atomic { generation == which && !broken -> broken = 1 }; ringAll()
  :: atomic { generation != which || broken }
  fi
}

#define MY_ROUNDS (me == MEMBERS - 1 -> LAST_ROUNDS : ROUNDS)

proctype Member(byte me) provided (dying == NOBODY || dying == _pid) {
  byte rounds, seen, arrived, at;
  bit over, isLast;
  {
    do
    :: rounds < MY_ROUNDS ->
      rounds++;
      do
      :: atomic { seen = generation; arrived = count; over = broken };
        if
        :: over -> break
        :: !over && arrived == PARTIES ->
          /* Until the last of them has let them go. */
          wants[me] = 1;
          do
          :: atomic { generation != seen || broken } -> break
          :: atomic { generation == seen && !broken };
            if
            :: atomic { bell[me] -> bell[me] = 0 }
            :: atomic { struck && (generation != seen || broken) }
            fi
          od;
          wants[me] = 0
        :: !over && arrived < PARTIES ->
#ifdef MUTANT_ARRIVE_FIRST
          if
          :: atomic { generation == seen && count == arrived && !broken -> count++; ghostInside[me] = 1 };
            wants[me] = 1;
            atomic { waitsIn[me] = seen; broke[me] = 0 };
            break
          :: atomic { !(generation == seen && count == arrived && !broken) }
          fi
#else
          wants[me] = 1;
          atomic { waitsIn[me] = seen; broke[me] = 0 };
          if
          :: atomic { generation == seen && count == arrived && !broken -> count++; ghostInside[me] = 1 }; break
          :: atomic { !(generation == seen && count == arrived && !broken) }
          fi
#endif
        fi
      od;
      isLast = (!over && arrived + 1 == PARTIES);
      if
      :: over
      :: !over && isLast ->
        /* The action runs here. */
        if
        :: atomic { generation == seen && !broken ->
             assert(count == PARTIES);
             ghostReleased[seen] = 1; generation++; count = 0; ghostInside[me] = 0 };
          ringAll()
        :: atomic { generation != seen || broken -> assert(!ghostReleased[seen]); ghostInside[me] = 0 }
        fi
      :: !over && !isLast ->
        do
        :: atomic { generation == seen && broken -> assert(!ghostReleased[seen]); ghostInside[me] = 0 }; break
        :: generation != seen ->
          /* Only a reset leaves a mark. */
          atomic { assert(ghostReleased[seen] == !(waitsIn[me] == seen && broke[me])); ghostInside[me] = 0 }; break
        :: atomic { generation == seen && !broken };
          if
          :: atomic { bell[me] -> bell[me] = 0 }
          :: atomic { struck && (generation != seen || broken) }
          :: atomic { leaves > 0 -> leaves-- };
            breakIt(seen)
          fi
        od
      fi;
      atomic { waitsIn[me] = NOBODY; broke[me] = 0 };
      wants[me] = 0;
      atomic { over = 0; isLast = 0; seen = 0; arrived = 0 }
    :: rounds == MY_ROUNDS -> break
    od;
    alive[me] = 0
  } unless {
    atomic { dying == _pid; alive[me] = 0; dead[me] = 1; struck = 1; dying = NOBODY }
  }
}

/* Breaks it, tells those who wait that it was that generation, and only then begins the next. A generation that came to its end
 * meanwhile is left alone. */
proctype Resetter() provided (dying == NOBODY) {
  byte resets, seen, at;
  bit isBroken;
  do
  :: resets < RESETS ->
    resets++;
    atomic { seen = generation; isBroken = broken };
    if
    :: isBroken || count == 0
    :: !isBroken && count > 0 -> breakIt(seen)
    fi;
#ifdef MUTANT_MARK_WHAT_IS_OVER
    isBroken = 1;
#else
    isBroken = (generation == seen && broken);
#endif
    if
    :: !isBroken
    :: isBroken ->
#ifndef MUTANT_RESET_WITHOUT_MARKS
      do
      :: at < MEMBERS ->
#ifdef MUTANT_MARK_BY_STORE
        broke[at] = 1;
#else
        if
        :: atomic { waitsIn[at] == seen -> broke[at] = 1 }
        :: atomic { waitsIn[at] != seen }
        fi;
#endif
        at++
      :: at == MEMBERS -> break
      od;
      at = 0;
#endif
      if
      :: atomic { generation == seen && broken -> generation++; count = 0; broken = 0 }; ringAll()
      :: atomic { generation != seen || !broken }
      fi
    fi;
    atomic { seen = 0; isBroken = 0 }
  :: resets == RESETS -> break
  od
}

proctype Killer() provided (dying == NOBODY) {
  do
  :: atomic { kills > 0 && alive[1] -> kills--; dying = FIRST + 1 }
  :: atomic { kills > 0 -> kills = 0 }
  od
}

proctype Reaper() provided (dying == NOBODY) {
  byte seen, at;
  do
  :: atomic { dead[1] && !swept[1] };
    seen = waitsIn[1];
#ifndef MUTANT_DEAD_PARTY
    if
    :: seen != NOBODY -> breakIt(seen)
    :: seen == NOBODY
    fi;
#endif
    atomic { waitsIn[1] = NOBODY; broke[1] = 0 };
    wants[1] = 0;
    atomic { swept[1] = 1; seen = 0 }
  od
}

init {
  atomic {
    alive[0] = 1; alive[1] = 1; alive[MEMBERS - 1] = 1;
    run Killer(); run Reaper();
    run Member(0); run Member(1);
#if MEMBERS > 2
    run Member(2);
#endif
#if RESETTERS > 1
    run Resetter();
#endif
    run Resetter()
  };
  timeout;
  atomic {
    /* Nobody can move. Who sleeps waits for parties that are still to come, and none of those who came is dead. */
    assert(!(ghostInside[0] && alive[0]) || (waitsIn[0] == generation && !broken && count < PARTIES));
    assert(!(ghostInside[MEMBERS - 1] && alive[MEMBERS - 1]) || (waitsIn[MEMBERS - 1] == generation && !broken && count < PARTIES));
    assert(broken || count <= ghostInside[0] + (ghostInside[1] && alive[1]) + (MEMBERS > 2 && ghostInside[MEMBERS - 1]))
  }
}
