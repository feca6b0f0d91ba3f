/* P5: a lock that survives its owner: the word, the table of those who want it, and who is woken.
 * Elsewhere: how a sleeper is woken without a lost bell (ring.pml; here a bell is a bit that stays until it is heard),
 * who may reap a slot (reaper.pml; here one step finds the dead and sweeps their wish, another frees their word).
 *
 * Members take the lock a few times. Each may give up waiting at any moment, and may lose patience: then newcomers are
 * barred, and those who wait take turns. A killer kills and stops members for ever at any step; the first one lives.
 * The look without a bell that waiters take now and then (every 50 ms in the program) is there only once somebody was
 * killed or stopped: without that no wake-up may need it.
 */

#ifndef MEMBERS
#define MEMBERS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef OTHERS_ROUNDS
#define OTHERS_ROUNDS ROUNDS   /* of all but member 1 */
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef LEAVES
#define LEAVES 1           /* how often somebody gives up */
#endif
#ifndef FAIR
#define FAIR 1             /* how often somebody loses patience */
#endif
#define NOBODY 255
#define FIRST 3            /* pids: 0 is init, 1 the killer, 2 the reaper; then the members */
#define ME (_pid - FIRST)
#define BOUND (2 * (MEMBERS - 1))

byte owner = NOBODY;       /* the word */
bit ownerDied;
bit waiters;               /* a hint for who releases: somebody may want it */
byte bar = NOBODY;         /* for whom newcomers are barred */
byte turn = NOBODY;        /* who was woken last */
bit wants[MEMBERS];
bit bell[MEMBERS];

bit alive[MEMBERS];
bit stopped[FIRST + MEMBERS];
bit swept[MEMBERS];
bit dead[MEMBERS];
byte dying = NOBODY;
byte kills = KILLS;
byte stops = STOPS;
byte leaves = LEAVES;
byte impatience = FAIR;
bit struck;                /* somebody was killed or stopped */

byte ghostInside;          /* who believes to hold it */
byte ghostPassed[MEMBERS]; /* how often others got it since this one lost patience */
bit ghostWaits[MEMBERS];   /* it lost patience, and waits */
bit ghostDiedInside;       /* an owner died, and no successor was told */

inline note() {
  /* Those who lost patience see somebody else pass. */
  ghostPassed[0] = ghostPassed[0] + (ghostWaits[0] && me != 0);
  ghostPassed[1] = ghostPassed[1] + (ghostWaits[1] && me != 1);
#if MEMBERS > 2
  ghostPassed[2] = ghostPassed[2] + (ghostWaits[2] && me != 2);
#endif
  ghostWaits[me] = 0;
  ghostPassed[me] = 0;
  assert(struck || (ghostPassed[0] <= BOUND && ghostPassed[1] <= BOUND && ghostPassed[MEMBERS - 1] <= BOUND))
}

/* got = the word was free, and is mine. */
inline tryTake() {
  atomic {
    if
    :: owner == NOBODY ->
      owner = me; got = 1;
      assert(ghostInside == 0);
      ghostInside++;
      assert(!ghostDiedInside || ownerDied);
      ownerDied = 0; ghostDiedInside = 0;
      note()
    :: else -> got = 0
    fi
  }
}

/* seen = the one after the last that was woken. The last is read once, as others may wake somebody meanwhile; the wishes
 * of all are in one word. */
inline findNext() {
  base = turn;
  d_step {
    seen = NOBODY;
    do
    :: steps < MEMBERS ->
      at = (base == NOBODY -> steps : (base + 1 + steps) % MEMBERS);
      if
      :: wants[at] -> seen = at; break
      :: else
      fi;
      steps++
    :: else -> break
    od;
    steps = 0; at = 0; base = 0
  }
}

/* Whoever is found after the flag was cleared may have taken it and released it meanwhile, and told nobody, as the flag was
 * not there: with the flag set again, look once more. */
inline passOn() {
  do
  :: findNext();
    if
    :: seen != NOBODY -> break
    :: seen == NOBODY
    fi;
    waiters = 0;
#ifdef MUTANT_NO_SECOND_SCAN
    break;
#endif
    findNext();
    if
    :: seen == NOBODY -> break
    :: seen != NOBODY
    fi;
    waiters = 1;
#ifdef MUTANT_WAKE_WHO_WAS_FOUND
    break
#endif
  od;
  if
  :: seen != NOBODY ->
    turn = seen;
    atomic { bell[seen] = 1; seen = NOBODY }
  :: seen == NOBODY
  fi
}

#define MY_ROUNDS (me == 1 -> ROUNDS : OTHERS_ROUNDS)
#define MAY_TAKE_TURN (bar == NOBODY || turn == me || turn == NOBODY || !wants[turn])

proctype Member(byte me) provided ((dying == NOBODY || dying == _pid) && !stopped[_pid]) {
  byte rounds, seen = NOBODY, at, steps, pc, base;
  bit got, impatient, periodic, mayTake;
  {
    do
    :: rounds < MY_ROUNDS ->
      rounds++;
      got = 0;
      if
      :: atomic { MAY_TAKE_TURN -> pc = 1 }
      :: atomic { !(MAY_TAKE_TURN) -> pc = 0 }
      fi;
      if
      :: pc == 1 -> tryTake()
      :: pc == 0
      fi;
      pc = 0;
      if
      :: got
      :: !got ->
        wants[me] = 1;
        do
        :: waiters = 1;
#ifndef MUTANT_NO_RECHECK
          atomic { mayTake = (periodic || MAY_TAKE_TURN); periodic = 0 };
          if
          :: mayTake -> tryTake()
          :: !mayTake
          fi;
          mayTake = 0;
#endif
          if
          :: got -> break
          :: !got
          fi;
          if
          :: atomic { bell[me] -> bell[me] = 0 }
#ifdef MUTANT_NO_RECHECK
            ; tryTake(); if :: got -> break :: !got fi
#endif
          :: atomic { struck -> periodic = 1 }
          :: atomic { impatience > 0 && bar == NOBODY -> impatience--; impatient = 1; bar = me };
            atomic { turn = me; ghostWaits[me] = 1; ghostPassed[me] = 0 }
          :: atomic { leaves > 0 -> leaves--; break }
          fi
        od;
        wants[me] = 0;
        if
        :: impatient -> atomic { impatient = 0; bar = NOBODY; ghostWaits[me] = 0; ghostPassed[me] = 0 }
        :: !impatient
        fi;
#ifndef MUTANT_LEAVE_SILENTLY
        if
        :: !got && owner == NOBODY -> passOn()
        :: got || owner != NOBODY
        fi
#endif
      fi;
      if
      :: got ->
        atomic { ghostInside--; assert(owner == me); owner = NOBODY };
        if
        :: waiters -> passOn()
        :: !waiters
        fi
      :: !got
      fi;
      got = 0
    :: rounds == MY_ROUNDS -> break
    od;
    atomic { alive[me] = 0; seen = NOBODY; at = 0; periodic = 0 }
  } unless {
    atomic {
      dying == _pid;
      alive[me] = 0;
      dead[me] = 1;
      struck = 1;
      if
      :: owner == me -> ghostInside--; ghostDiedInside = 1
      :: else
      fi;
      ghostWaits[me] = 0;
      dying = NOBODY
    }
  }
}

proctype Killer() provided (dying == NOBODY) {
  do
  :: atomic { kills > 0 && alive[1] && !stopped[FIRST + 1] -> kills--; dying = FIRST + 1 }
  :: atomic { kills > 0 && alive[MEMBERS - 1] && !stopped[FIRST + MEMBERS - 1] -> kills--; dying = FIRST + MEMBERS - 1 }
  :: atomic { stops > 0 && alive[1] && !stopped[FIRST + 1] && owner != 1 -> stops--; stopped[FIRST + 1] = 1; struck = 1 }
  :: atomic { kills + stops > 0 -> kills = 0; stops = 0 }
  od
}

/* Any reaper. The dead are found, and what they left is swept in steps that may come late. */
proctype Reaper() provided (dying == NOBODY) {
  byte slot;
  do
  :: slot < MEMBERS ->
    if
    :: atomic { dead[slot] && !swept[slot] && owner == slot ->
#ifdef MUTANT_SILENT_RECOVERY
        owner = NOBODY
#else
        ownerDied = 1; owner = NOBODY
#endif
      }
    :: atomic { dead[slot] && !swept[slot] && owner != slot ->
        wants[slot] = 0;
        if
        :: bar == slot -> bar = NOBODY
        :: else
        fi;
        swept[slot] = 1; slot = 0
      }
    :: atomic { !dead[slot] || swept[slot] -> slot++ }
    fi
  :: atomic { slot == MEMBERS -> slot = 0; (dead[0] && !swept[0]) || (dead[1] && !swept[1]) || (dead[MEMBERS - 1] && !swept[MEMBERS - 1]) }
  od
}

init {
  atomic {
    alive[0] = 1; alive[1] = 1; alive[MEMBERS - 1] = 1;
    run Killer(); run Reaper();
    run Member(0); run Member(1);
#if MEMBERS > 2
    run Member(2)
#endif
  };
  timeout;
  d_step {
    /* Nobody can move: all who were neither killed nor stopped are done, and nothing is held. */
    assert(!alive[0]);
    assert(!alive[1] || stopped[FIRST + 1]);
    assert(!alive[MEMBERS - 1] || stopped[FIRST + MEMBERS - 1]);
    assert(owner == NOBODY);
    assert(ghostInside == 0)
  }
}

