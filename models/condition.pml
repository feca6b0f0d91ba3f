/* P6: a condition. Who waits is counted by slot; a notification is a grant to one slot that has more waiters than grants, and is
 * not lost with that slot.
 * Elsewhere: the lock (lock.pml; here a word that the reaper takes from the dead), who may reap a slot (reaper.pml), how a
 * sleeper is woken (ring.pml; here a bell is a bit that stays until it is heard).
 *
 * Members 1 and 2 wait, and may give up; member 0 notifies. The killer kills one of the first two at any step; the reaper may
 * die, too, and begins again. The two counts of a slot are one word: each change is a compare-and-swap. The look without a bell
 * (every 50 ms in the program) is there only once somebody was killed.
 */

#ifndef NOTIFIES
#define NOTIFIES 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef REAPER_KILLS
#define REAPER_KILLS 0
#endif
#ifndef LEAVES
#define LEAVES 1           /* how often somebody gives up */
#endif
#define MEMBERS 3
#define NOBODY 255
#define FIRST 3            /* pids: 0 is init, 1 the killer, 2 the reaper; then the members */

byte owner = NOBODY;
bit wants[MEMBERS];        /* a hint for who looks for waiters */
byte waiting[MEMBERS];     /* these two are one word: */
byte granted[MEMBERS];
byte turn;                 /* who was notified last */
bit bell[MEMBERS];

bit alive[MEMBERS];
bit dead[MEMBERS];
bit swept[MEMBERS];
byte dying = NOBODY;
byte kills = KILLS;
byte reaperKills = REAPER_KILLS;
byte leaves = LEAVES;
bit struck;                /* somebody was killed */

byte ghostGiven;           /* notifications that somebody was there for */
byte ghostHad;             /* that a waiter came back with */

/* given = there was one without a grant, the first after the last; it has one now. */
inline grantNext(isNew) {
  do
  :: steps < MEMBERS ->
    at = (turn + 1 + steps) % MEMBERS;
    if
    :: !wants[at] -> steps++
    :: wants[at] ->
      if
      :: atomic { waiting[at] > granted[at] -> granted[at]++; ghostGiven = ghostGiven + isNew; given = 1 };
        turn = at;
        bell[at] = 1;
        break
      :: waiting[at] <= granted[at] -> steps++
      fi
    fi
  :: steps == MEMBERS -> break
  od;
  atomic { steps = 0; at = 0 }
}

inline die(who) {
  atomic { dying == _pid; alive[who] = 0; dead[who] = 1; struck = 1; dying = NOBODY }
}

proctype Waiter(byte me) provided (dying == NOBODY || dying == _pid) {
  byte rounds;
  bit leaving;
  {
    do
    :: rounds < ROUNDS ->
      rounds++;
      atomic { owner == NOBODY -> owner = me };
#ifdef MUTANT_WISH_LAST
      waiting[me] = waiting[me] + 1;
      owner = NOBODY;
      wants[me] = 1;
#else
      wants[me] = 1;
      waiting[me] = waiting[me] + 1;
      owner = NOBODY;
#endif
      do
      :: granted[me] > 0 -> break
      :: granted[me] == 0 ->
        if
        :: atomic { bell[me] -> bell[me] = 0 }
        :: atomic { struck && granted[me] > 0 -> skip }
        :: atomic { leaves > 0 -> leaves--; leaving = 1 }; break
        fi
      od;
      atomic { owner == NOBODY -> owner = me };
#ifdef MUTANT_LEAVE_BY_STORE
      if
      :: atomic { !leaving -> waiting[me]--; granted[me]--; ghostHad++ }
      :: leaving && granted[me] == 0 -> waiting[me] = waiting[me] - 1
      :: leaving && granted[me] > 0 -> atomic { waiting[me]--; granted[me]--; ghostHad++ }
      fi;
#else
      /* What was granted while it waited for the lock counts. */
      if
      :: atomic { granted[me] > 0 -> waiting[me]--; granted[me]--; ghostHad++ }
      :: atomic { leaving && granted[me] == 0 -> waiting[me]-- }
      fi;
#endif
      leaving = 0;
      wants[me] = 0;
      owner = NOBODY
    :: rounds == ROUNDS -> break
    od;
    alive[me] = 0
  } unless {
    die(me)
  }
}

proctype Notifier() provided (dying == NOBODY || dying == _pid) {
  byte notifies, at, steps;
  bit given, ghostSome;
  {
    do
    :: notifies < NOTIFIES ->
      notifies++;
      atomic { owner == NOBODY -> owner = 0; ghostSome = waiting[1] > granted[1] || waiting[2] > granted[2] };
      grantNext(1);
      atomic { assert(struck || given == ghostSome); given = 0; ghostSome = 0 };
      owner = NOBODY
    :: notifies == NOTIFIES -> break
    od;
    alive[0] = 0
  } unless {
    die(0)
  }
}

proctype Killer() provided (dying == NOBODY) {
  do
  :: atomic { kills > 0 && alive[0] -> kills--; dying = FIRST }
  :: atomic { kills > 0 && alive[1] -> kills--; dying = FIRST + 1 }
  :: atomic { kills > 0 -> kills = 0 }
  od
}

/* What a dead slot was granted goes to the next: given first, then taken, so that a reaper that dies gives it twice rather than
 * never. */
proctype Reaper() provided (dying == NOBODY) {
  byte slot, at, steps;
  bit given;
  do
  :: atomic { dead[0] && !swept[0] -> slot = 0 }; goto sweep
  :: atomic { dead[1] && !swept[1] -> slot = 1 }; goto sweep
sweep:
    if
    :: atomic { owner == slot -> owner = NOBODY }
    :: owner != slot
    fi;
    wants[slot] = 0;
#ifndef MUTANT_DROP_GRANTS
    do
    :: granted[slot] > 0 ->
      grantNext(0);
      if
      :: atomic { reaperKills > 0 -> reaperKills--; given = 0 }; goto again
      :: atomic { granted[slot]--; waiting[slot]--; ghostHad = ghostHad + !given; given = 0 }
      fi
#ifdef MUTANT_FORGET_BY_STORE
    :: granted[slot] == 0 -> break
    od;
    atomic { waiting[slot] = 0; granted[slot] = 0 };
#else
    :: atomic { granted[slot] == 0 -> waiting[slot] = 0 }; break
    od;
#endif
#else
    atomic { waiting[slot] = 0; granted[slot] = 0 };
#endif
    swept[slot] = 1;
again:
    slot = 0
  od
}

#define STILL_WAITS(member) (alive[member] && waiting[member] > 0)

init {
  atomic {
    alive[0] = 1; alive[1] = 1; alive[2] = 1;
    run Killer(); run Reaper();
    run Notifier(); run Waiter(1); run Waiter(2)
  };
  timeout;
  atomic {
    /* Nobody can move. */
    assert(owner == NOBODY);
    assert(!alive[0]);
    assert(granted[0] == 0 && granted[1] == 0 && granted[2] == 0);
    assert(!dead[1] || waiting[1] == 0);
    /* A notification is had by somebody as long as anybody waits; one that nobody is left for counts as had. */
    assert(!(STILL_WAITS(1) || STILL_WAITS(2)) || ghostHad >= ghostGiven);
    assert(REAPER_KILLS > 0 || ghostHad <= ghostGiven)
  }
}
