// os/bell and parking/bell: no wake-up is lost, whoever dies or stops between publishing and ringing; no bell blocks.
#include "parking/bell.h"

#include <fcntl.h>
#include <poll.h>

#include <cstring>
#include <thread>

#include "support.h"

using namespace forkyard;
using namespace forkyard::os;
using namespace forkyard::test;

namespace {

bool Readable(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, timeout_ms) == 1;
}

UniqueFd Listen(const Region& region, uint32_t slot) {
  Result<UniqueFd> bell = OpenBell(region, slot);
  REQUIRE_OK(bell);
  return bell.take();
}

BellSecret SecretOf(const Region& region, uint32_t slot) {
  BellSecret secret;
  for (size_t word = 0; word < kBellSecretWords; word++) secret.words[word] = region.slot(slot).bell_secret[word].load();
  return secret;
}

UniqueFd Anonymous() { return UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

bool IsAsleep(const Region& region, uint32_t slot) { return (region.slot(slot).epoch.load() & 1) == 1; }

constexpr uint32_t kNumbers = 8192;  // bytes of a ring for numbers

void Send(Member& self, uint64_t ring, uint64_t number, Ringer& ringer, uint32_t receiver) {
  Message message;
  message.payload = {number};
  REQUIRE(Publish(self, ring, message));
  ringer.RingIfAsleep(self.region(), receiver);
}

// Waits for the next number, sleeping by the rule.
uint64_t Receive(const Region& region, uint32_t slot, uint64_t ring) {
  for (;;) {
    if (std::optional<Received> record = PeekRecord(region, ring)) {
      AdvanceHead(region, ring, *record);
      return record->payload[0];
    }
    (void)Park(region, slot, kNoDeadline, [&] { return RingHasRecord(region, ring); });
  }
}

void Echo(const Family& family, Member& self, uint64_t in, uint64_t out, uint32_t peer, uint64_t messages) {
  Ringer ringer;
  for (uint64_t expected = 0; expected < messages; expected++) {
    CHECK_EQ(Receive(family.region(), self.slot(), in), expected);
    Send(self, out, expected, ringer, peer);
  }
}

void PingPong(const Family& family, Member& self, uint64_t out, uint64_t in, uint32_t peer, uint64_t messages) {
  Ringer ringer;
  for (uint64_t number = 0; number < messages; number++) {
    Send(self, out, number, ringer, peer);
    REQUIRE(Receive(family.region(), self.slot(), in) == number);
  }
}

}  // namespace

TEST(a_bell_is_heard_by_poll_and_many_rings_are_one) {
  Family family;
  Member self(family);
  UniqueFd bell = Listen(family.region(), self.slot());
  UniqueFd from = Anonymous();
  CHECK(!Readable(bell.get(), 0));
  for (int i = 0; i < 3; i++) CHECK_OK(RingBell(family.region(), from.get(), self.slot()));
  CHECK(Readable(bell.get(), 1000));
  DrainBellSocket(bell.get());
  CHECK(!Readable(bell.get(), 0));
}

TEST(a_full_queue_of_a_stopped_peer_blocks_nobody) {
  Family family;
  Member self(family);
  UniqueFd bell = Listen(family.region(), self.slot());
  UniqueFd from = Anonymous();
  for (int i = 0; i < 10'000; i++) CHECK_OK(RingBell(family.region(), from.get(), self.slot()));
  CHECK(Readable(bell.get(), 0));
  DrainBellSocket(bell.get());
  CHECK(!Readable(bell.get(), 0));
  CHECK_OK(RingBell(family.region(), from.get(), self.slot()));
  CHECK(Readable(bell.get(), 1000));
}

TEST(a_vanished_peer_is_no_error_and_a_bad_socket_is_one) {
  Family family;
  Member self(family);
  UniqueFd from = Anonymous();
  CHECK_OK(RingBell(family.region(), from.get(), self.slot()));
  Listen(family.region(), self.slot()).reset();
  CHECK_OK(RingBell(family.region(), from.get(), self.slot()));
  CHECK_ERRNO(RingBell(family.region(), -1, self.slot()), EBADF);
}

TEST(a_bell_that_a_predecessor_left_open_does_not_hinder_its_successor) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  UniqueFd left = Listen(region, self.slot());
  const uint64_t old_name = region.slot(self.slot()).bell_name.load();
  UniqueFd bell = Listen(region, self.slot());
  CHECK(region.slot(self.slot()).bell_name.load() != old_name);
  UniqueFd from = Anonymous();
  CHECK_OK(RingBell(region, from.get(), self.slot()));
  CHECK(Readable(bell.get(), 1000));
  CHECK(!Readable(left.get(), 0));
}

TEST(a_slot_whose_owner_has_no_bell_yet_is_rung_in_vain_without_error) {
  Family family;
  Member self(family);
  CHECK_EQ(family.region().slot(self.slot()).bell_name.load(), 0);
  UniqueFd from = Anonymous();
  CHECK_OK(RingBell(family.region(), from.get(), self.slot()));
}

// Whoever reads the name in /proc/net/unix can send to it.
TEST(what_does_not_carry_the_secret_is_neither_queued_nor_heard) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  UniqueFd bell = Listen(region, self.slot());
  UniqueFd stranger = Anonymous();
  sockaddr_un address;
  const socklen_t size = BellAddress(region.slot(self.slot()).bell_name.load(), &address);
  const auto send = [&](const void* bytes, size_t length) {
    (void)sendto(stranger.get(), bytes, length, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address), size);
  };
  const BellSecret secret = SecretOf(region, self.slot());
  uint8_t guess[sizeof(secret) + 1] = {};
  std::memcpy(guess, &secret, sizeof(secret));
  // All lengths but the right one, with the right beginning.
  for (size_t length = 0; length <= sizeof(guess); length++) {
    if (length != sizeof(secret)) send(guess, length);
  }
  // Each bit counts.
  for (size_t bit = 0; bit < 8 * sizeof(secret); bit++) {
    guess[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    send(guess, sizeof(secret));
    guess[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
  }
  CHECK(!Readable(bell.get(), 0));
  // A flood does not fill the queue for those who may ring.
  for (int i = 0; i < 10'000; i++) send("x", 1);
  CHECK_OK(RingBell(region, stranger.get(), self.slot()));
  CHECK(Readable(bell.get(), 1000));
}

// The kernel frees the name of a dead process: whoever takes it is told what that one's bell heard, and nothing else.
TEST(a_stranger_at_the_name_of_a_dead_bell_learns_no_living_secret_and_makes_no_ring_fail) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  Listen(region, self.slot()).reset();
  sockaddr_un address;
  const socklen_t size = BellAddress(region.slot(self.slot()).bell_name.load(), &address);
  UniqueFd from = Anonymous();
  enum class Stranger { kListens, kIsConnectedElsewhere, kReadsNothing, kIsOfAnotherKind };
  for (Stranger kind : {Stranger::kListens, Stranger::kIsConnectedElsewhere, Stranger::kReadsNothing,
                        Stranger::kIsOfAnotherKind}) {
    UniqueFd stranger(socket(AF_UNIX, (kind == Stranger::kIsOfAnotherKind ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
    REQUIRE(bind(stranger.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    UniqueFd elsewhere = Anonymous();
    if (kind == Stranger::kIsConnectedElsewhere) {
      sockaddr_un own{AF_UNIX, {}};
      REQUIRE(bind(elsewhere.get(), reinterpret_cast<sockaddr*>(&own), sizeof(sa_family_t)) == 0);
      socklen_t own_size = sizeof(own);
      REQUIRE(getsockname(elsewhere.get(), reinterpret_cast<sockaddr*>(&own), &own_size) == 0);
      REQUIRE(connect(stranger.get(), reinterpret_cast<sockaddr*>(&own), own_size) == 0);
    }
    if (kind == Stranger::kReadsNothing) REQUIRE(shutdown(stranger.get(), SHUT_RD) == 0);
    if (kind == Stranger::kIsOfAnotherKind) REQUIRE(listen(stranger.get(), 1) == 0);
    CHECK_OK(RingBell(region, from.get(), self.slot()));
    if (kind != Stranger::kListens) continue;
    BellSecret told{};
    CHECK_EQ(recv(stranger.get(), &told, sizeof(told), MSG_DONTWAIT), static_cast<ssize_t>(sizeof(told)));
    UniqueFd successor = Listen(region, self.slot());
    const BellSecret living = SecretOf(region, self.slot());
    for (size_t word = 0; word < kBellSecretWords; word++) CHECK(told.words[word] != living.words[word]);
    successor.reset();
    // As before the successor came.
    BellAddress(region.slot(self.slot()).bell_name.load(), &address);
  }
}

TEST(a_descriptor_that_a_stranger_sends_is_closed_by_the_stranger) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  UniqueFd bell = Listen(region, self.slot());
  UniqueFd stranger = Anonymous();
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd reader(ends[0]), writer(ends[1]);
  sockaddr_un address;
  char byte = 1;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = BellAddress(region.slot(self.slot()).bell_name.load(), &address);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
  (void)sendmsg(stranger.get(), &message, MSG_DONTWAIT);
  writer.reset();
  // Nobody has the other end any more: it is not in the bell's queue.
  pollfd hung{reader.get(), 0, 0};
  CHECK_EQ(poll(&hung, 1, 1000), 1);
  CHECK((hung.revents & POLLHUP) != 0);
  CHECK(!Readable(bell.get(), 0));
}

TEST(parking_returns_at_once_if_there_is_work) {
  Family family;
  Member self(family);
  CHECK(Park(family.region(), self.slot(), kNoDeadline, [] { return true; }));
  CHECK(!IsAsleep(family.region(), self.slot()));
}

TEST(parking_ends_at_the_deadline_and_says_so) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  uint64_t deadline = MonotonicNs() + 20'000'000;
  uint32_t before = region.slot(self.slot()).epoch.load();
  CHECK(!Park(region, self.slot(), deadline, [&] {
    CHECK(IsAsleep(region, self.slot()));
    return false;
  }));
  CHECK(MonotonicNs() >= deadline);
  CHECK_EQ(region.slot(self.slot()).epoch.load(), before + 2);
  // Work that came with the last moment counts.
  int asked = 0;
  CHECK(Park(region, self.slot(), MonotonicNs(), [&] { return ++asked > 1; }));
}

TEST(an_epoch_runs_over_the_end_of_its_numbers) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  region.slot(self.slot()).epoch.store(0xfffffffe);
  CHECK(!Park(region, self.slot(), MonotonicNs(), [] { return false; }));
  CHECK_EQ(region.slot(self.slot()).epoch.load(), 0);
}

TEST(a_newcomer_in_a_slot_goes_on_counting_epochs) {
  Family family;
  Member root(family);
  SlotId id = family.Reserve(root.id());
  Child sleeper = ForkChild([&] {
    Member self(family, id);
    (void)Park(family.region(), self.slot(), kNoDeadline, [] { return false; });
  });
  REQUIRE(Eventually([&] { return IsAsleep(family.region(), id.index); }));
  uint32_t asleep = family.region().slot(id.index).epoch.load();
  sleeper.Kill(SIGKILL);
  sleeper.Wait();
  CHECK_EQ(root.reaper().ReapAll(), 1);
  SlotId next = family.Reserve(root.id());
  REQUIRE(next.index == id.index);
  Member newcomer(family, next);
  uint32_t awake = family.region().slot(id.index).epoch.load();
  CHECK_EQ(awake % 2, 0);
  CHECK(static_cast<int32_t>(awake - asleep) > 0);
  CHECK_EQ(family.region().slot(id.index).sleep_mode.load(), static_cast<uint32_t>(SleepMode::kLoop));
}

TEST(a_message_published_just_before_the_sleep_is_found) {
  Family family;
  Member self(family);
  const Region& region = family.region();
  uint64_t ring = self.Block(self.CreateRing(kNumbers));
  Message message;
  message.payload = {1};
  // As late as it can be: after the announcement, before the re-check; the sender has not rung yet.
  bool announced = false;
  CHECK(Park(region, self.slot(), kNoDeadline, [&] {
    if (!announced) CHECK(Publish(self, ring, message));
    announced = true;
    return RingHasRecord(region, ring);
  }));
}

// A sender that dies or stops between publishing and ringing must not use up the bell of the others.
TEST(a_sender_that_dies_before_ringing_delays_only_its_own_message) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t from_victim = root.CreateRing(kNumbers), from_root = root.CreateRing(kNumbers);
  SlotId sleeper_id = family.Reserve(root.id()), victim_id = family.Reserve(root.id());
  SharedWords heard(2);
  Child sleeper = ForkChild([&] {
    Member self(family, sleeper_id);
    uint64_t rings[] = {root.Block(from_victim), root.Block(from_root)};
    while (heard[0].load() + heard[1].load() < 2) {
      for (size_t i = 0; i < 2; i++) {
        while (std::optional<Received> record = PeekRecord(region, rings[i])) {
          AdvanceHead(region, rings[i], *record);
          heard[i].store(1);
        }
      }
      if (heard[0].load() + heard[1].load() == 2) break;
      (void)Park(region, self.slot(), kNoDeadline,
                 [&] { return RingHasRecord(region, rings[0]) || RingHasRecord(region, rings[1]); });
    }
  });
  REQUIRE(Eventually([&] { return IsAsleep(region, sleeper_id.index); }));
  Child victim = ForkChild([&] {
    Member self(family, victim_id);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kRingBellOwed), 0);
    Ringer ringer;
    Send(self, root.Block(from_victim), 1, ringer, sleeper_id.index);
  });
  CHECK_SIGNALED(victim.Wait(), SIGKILL);
  CHECK(IsAsleep(region, sleeper_id.index));
  Ringer ringer;
  Send(root, root.Block(from_root), 2, ringer, sleeper_id.index);
  CHECK_EXITED(sleeper.Wait(), 0);
  CHECK_EQ(heard[0].load(), 1);
  CHECK_EQ(heard[1].load(), 1);
}

TEST(ping_pong_of_100000_messages_between_processes_loses_no_wake_up) {
  Family family;
  Member root(family);
  uint64_t there = root.Block(root.CreateRing(kNumbers)), back = root.Block(root.CreateRing(kNumbers));
  SlotId id = family.Reserve(root.id());
  Child peer = ForkChild([&] {
    Member self(family, id);
    Echo(family, self, there, back, root.slot(), 100'000);
  });
  PingPong(family, root, there, back, id.index, 100'000);
  CHECK_EXITED(peer.Wait(), 0);
}

TEST(ping_pong_of_100000_messages_between_threads_loses_no_wake_up) {
  Family family;
  Member root(family);
  uint64_t there = root.Block(root.CreateRing(kNumbers)), back = root.Block(root.CreateRing(kNumbers));
  SlotId id = family.Reserve(root.id());
  std::thread peer([&] {
    Member self(family, id);
    Echo(family, self, there, back, root.slot(), 100'000);
  });
  PingPong(family, root, there, back, id.index, 100'000);
  peer.join();
}

// The producer sleeps for room by the same rule: bell of its own slot, re-check of the head.
TEST(a_producer_that_sleeps_for_room_is_woken_by_the_consumer) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t ring = root.Block(root.CreateRing(256));
  SlotId id = family.Reserve(root.id());
  constexpr uint64_t kMessages = 20'000;
  Child producer = ForkChild([&] {
    Member self(family, id);
    Ringer ringer;
    for (uint64_t number = 0; number < kMessages; number++) {
      Message message;
      message.payload = {number};
      while (!Publish(self, ring, message)) {
        region.ring(ring).producer_waiting.store(1);
        (void)Park(region, self.slot(), kNoDeadline, [&] { return MakeRoom(region, ring, 24).has_value(); });
        region.ring(ring).producer_waiting.store(0);
      }
      ringer.RingIfAsleep(region, root.slot());
    }
  });
  Ringer ringer;
  for (uint64_t expected = 0; expected < kMessages; expected++) {
    REQUIRE(Receive(region, root.slot(), ring) == expected);
    if (region.ring(ring).producer_waiting.load() == 1) ringer.RingIfAsleep(region, id.index);
  }
  CHECK_EXITED(producer.Wait(), 0);
}
