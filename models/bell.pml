/* P9: a bell of a slot's new owner. The predecessor died asleep, so its epoch is odd and its name is still published; the kernel
 * has freed that name, and a stranger, who read it in /proc/net/unix, listens there. The owner takes the slot, opens a socket of its
 * own, publishes its secret and its name, and sleeps. Ringers publish a message each and ring by what they read.
 *
 * Two things must hold: the owner sleeps over no message, and no word of the owner's secret is
 * sent to the stranger's socket: whoever has it passes the filter.
 * Elsewhere: what happens in a ring and when a sleep is announced (ring.pml).
 */

#ifndef RINGERS
#define RINGERS 2
#endif

#define NONE 0
#define OLD 1              /* the predecessor's, now the stranger's */
#define NEW 2              /* the owner's */

byte name = OLD;
#ifdef MUTANT_SECRET_OF_THE_FAMILY
byte secretA = NEW, secretB = NEW;
#else
byte secretA = OLD, secretB = OLD;
#endif
byte epoch = 1;            /* odd: asleep */
bit isBound;               /* the owner's socket has its name */
byte heard;                /* rings in the queue of the owner's socket */
byte published, taken;
bit ghostSleeps;

proctype Owner() {
#ifndef MUTANT_NAME_STAYS
  name = NONE;
#endif
  epoch = 2;
  secretA = NEW;
  secretB = NEW;
  isBound = 1;
#ifndef MUTANT_NAME_LAST
  name = NEW;
#endif
  do
  :: taken < published -> taken++
  :: taken == RINGERS -> break
  :: else ->
    epoch++;
    if
    :: taken < published
    :: else ->
#ifdef MUTANT_NAME_LAST
      name = NEW;
#endif
      ghostSleeps = 1;
      atomic { heard > 0 -> heard--; ghostSleeps = 0 }
    fi;
    epoch = epoch + (epoch % 2)
  od
}

proctype Ringer() {
  byte seen, sentA, sentB, to;
  atomic { published++ };
  seen = epoch;
  if
  :: seen % 2 == 0
  :: else ->
#ifdef MUTANT_NAME_READ_FIRST
    to = name;
    sentA = secretA;
    sentB = secretB;
#else
    sentA = secretA;
    sentB = secretB;
    to = name;
#endif
    atomic {
      assert(to != OLD || (sentA != NEW && sentB != NEW));
      if
      :: to == NEW && isBound && sentA == NEW && sentB == NEW -> heard++
      :: else                  /* refused, dropped by the filter, or the stranger's */
      fi
    }
  fi
}

init {
  byte i;
  atomic {
    run Owner();
    do
    :: i < RINGERS -> run Ringer(); i++
    :: else -> break
    od
  };
  timeout;
  /* Nobody can move. */
  assert(!ghostSleeps || taken == published);
  assert(published == RINGERS)
}
