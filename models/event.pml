/* P8: an event: a flag, and how often it was set. Who waits goes on when it was set since, also if it is cleared by now.
 * Elsewhere: how a sleeper is woken (ring.pml; here a bell is a bit that stays until it is heard).
 *
 * Members 0 and 1 set it and clear it at once, 2 and 3 wait. The killer kills member 1 at any step. The look without a bell (every
 * 50 ms in the program) is there only once somebody was killed.
 */

#ifndef SETS
#define SETS 2
#endif
#ifndef WAITS
#define WAITS 2
#endif
#ifndef KILLS
#define KILLS 1
#endif
#define FIRST 2            /* pids: 0 is init, 1 the killer; then the members */

/* One word: */
bit flag;
byte count;

bit hint;                  /* somebody may wait */
bit wants[4];
bit bell[4];

bit alive[4];
byte dying = 255;
byte kills = KILLS;
bit struck;

byte ghostBefore[4];       /* how often it had been set when the wait began */
bit ghostSleeps[4];

proctype Setter(byte me) provided (dying == 255 || dying == _pid) {
  byte sets, at;
  bit isNew;
  {
    do
    :: sets < SETS ->
      sets++;
      if
      :: atomic { !flag -> flag = 1; count++; isNew = 1 }
      :: flag
      fi;
      if
      :: isNew && hint ->
#ifdef MUTANT_CLEAR_LAST
        do
        :: at < 4 -> if :: atomic { wants[at] -> bell[at] = 1 } :: !wants[at] fi; at++
        :: at == 4 -> break
        od;
        hint = 0;
#else
        hint = 0;
        do
        :: at < 4 -> if :: atomic { wants[at] -> bell[at] = 1 } :: !wants[at] fi; at++
        :: at == 4 -> break
        od;
#endif
        at = 0
      :: !isNew || !hint
      fi;
      atomic { flag = 0; isNew = 0 }
    :: sets == SETS -> break
    od;
    alive[me] = 0
  } unless {
    atomic { dying == _pid; alive[me] = 0; struck = 1; dying = 255 }
  }
}

proctype Waiter(byte me) provided (dying == 255) {
  byte waits, want;
  do
  :: waits < WAITS ->
    waits++;
    atomic { want = count; ghostBefore[me] = count };
#ifdef MUTANT_FLAG_ONLY
#define IS_SET flag
#else
#define IS_SET (flag || count != want)
#endif
    if
    :: IS_SET
    :: !IS_SET ->
#ifdef MUTANT_HINT_FIRST
      hint = 1;
      wants[me] = 1;
#else
      wants[me] = 1;
#endif
      do
      ::
#ifndef MUTANT_HINT_FIRST
        hint = 1;
#endif
        if
        :: IS_SET -> break
        :: !IS_SET
        fi;
        ghostSleeps[me] = 1;
        if
        :: atomic { bell[me] -> bell[me] = 0 }
        :: atomic { struck && IS_SET }
        fi;
        ghostSleeps[me] = 0
      od;
      atomic { ghostSleeps[me] = 0; wants[me] = 0 }
    fi
  :: waits == WAITS -> break
  od;
  alive[me] = 0
}

proctype Killer() provided (dying == 255) {
  do
  :: atomic { kills > 0 && alive[1] -> kills--; dying = FIRST + 1 }
  :: atomic { kills > 0 -> kills = 0 }
  od
}

init {
  atomic {
    alive[0] = 1; alive[1] = 1; alive[2] = 1; alive[3] = 1;
    run Killer();
    run Setter(0); run Setter(1); run Waiter(2); run Waiter(3)
  };
  timeout;
  atomic {
    /* Nobody can move: who sleeps has not missed anything. */
    assert(!ghostSleeps[2] || (!flag && count == ghostBefore[2]));
    assert(!ghostSleeps[3] || (!flag && count == ghostBefore[3]));
    assert(!alive[0])
  }
}
