// forking/: a server answers requests with copies of itself that have what the request says; it tells of their ends, survives
// the terminal's signals, and goes with its client.
#include "forking/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <functional>
#include <string>

#include "forking/messages.h"
#include "os/fd_passing.h"
#include "os/lifeline.h"
#include "os/process_identity.h"
#include "os/socket_pair.h"
#include "support.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

// What a child of this test does: it ends with a status that says whether it is what was asked for, or stays.
[[noreturn]] void BeChild(const ForkedChild& child) {
  while (child.invitation == "stay") pause();
  const mode_t mask = umask(0);
  char cwd[4096];
  const bool is_right = child.invitation == "hello" && child.lifelines.size() == 1 && mask == 0127 &&
                        getcwd(cwd, sizeof(cwd)) != nullptr && std::string(cwd) == "/" &&
                        signal(SIGINT, SIG_DFL) == SIG_DFL;
  if (is_right) raise(SIGINT);
  _exit(1);
}

const ServerHooks kNoHooks = {[]() -> os::Result<void> { return {}; }, [] { return false; }};

// This side of its connections.
struct Server {
  os::UniqueFd control;
  os::UniqueFd spares;
  pid_t pid;
};

// `become`: what each copy does once it is a child.
Server StartServer(const std::function<void(const ForkedChild&)>& become = BeChild) {
  auto control = os::MakeSocketPair(SOCK_SEQPACKET), spares = os::MakeSocketPair(SOCK_SEQPACKET);
  REQUIRE_OK(control);
  REQUIRE_OK(spares);
  const pid_t pid = fork();
  if (pid == 0) {
    control.value().first.reset();
    spares.value().first.reset();
    auto served = ServeForks({control.value().second.get(), spares.value().second.get()}, kNoHooks);
    if (!served) _exit(2);
    if (!served.value()) _exit(0);
    auto child = served.value()->Become();
    if (child) become(child.value());
    _exit(3);
  }
  return {std::move(control.value().first), std::move(spares.value().first), pid};
}

struct Heard {
  ForkReply reply;
  std::vector<os::UniqueFd> fds;
};

Heard HearAt(const os::UniqueFd& socket) {
  std::vector<uint8_t> packet(kMaxForkPacket);
  auto received = os::ReceiveWithFds(socket.get(), packet);
  REQUIRE_OK(received);
  REQUIRE(received.value().size == sizeof(ForkReply));
  Heard heard{{}, std::move(received.value().fds)};
  std::memcpy(&heard.reply, packet.data(), sizeof(heard.reply));
  return heard;
}

Heard Hear(const Server& server) { return HearAt(server.control); }

// At a server, or at a spare of it.
void Ask(const os::UniqueFd& socket, uint32_t id, int lifeline, const std::string& invitation = "hello") {
  os::UniqueFd directory(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto inherited = os::GetInherited(0127);
  REQUIRE_OK(inherited);
  const std::vector<uint8_t> packet = EncodeForkRequest({id, inherited.take(), invitation});
  const std::array fds = {0, 1, 2, directory.get(), lifeline};
  REQUIRE_OK(os::SendWithFds(socket.get(), fds, packet));
}

// A server that serves, and the lifeline of its children.
struct Served {
  Served() : server(StartServer()), lifeline(MakeLifeline()) {
    CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
  }

  static os::Lifeline MakeLifeline() {
    auto made = os::CreateLifeline();
    REQUIRE_OK(made);
    return made.take();
  }

  void AskFor(uint32_t id) { Ask(server.control, id, lifeline.read_end.get()); }

  Server server;
  os::Lifeline lifeline;
};

void EndOf(Server& server, int status) {
  server.control.reset();
  int found = 0;
  REQUIRE(waitpid(server.pid, &found, 0) == server.pid);
  CHECK(found == status);
}

TEST(a_request_is_answered_with_a_child_that_is_as_asked) {
  Served served;
  Server& server = served.server;
  for (uint32_t id = 7; id < 27; id++) {
    served.AskFor(id);
    const Heard forked = Hear(server);
    CHECK(forked.reply.kind == ForkReplyKind::kForked);
    CHECK(forked.reply.id == id);
    REQUIRE(forked.fds.size() == 1);
    auto ended = os::PidfdEnded(forked.fds[0].get(), 10'000);
    REQUIRE_OK(ended);
    CHECK(ended.value());
    const Heard end = Hear(server);
    CHECK(end.reply.kind == ForkReplyKind::kEnded);
    CHECK(end.reply.id == static_cast<uint32_t>(forked.reply.value));
    CHECK(WIFSIGNALED(end.reply.value) && WTERMSIG(end.reply.value) == SIGINT);
  }
  EndOf(server, 0);
}

TEST(the_signals_of_the_terminal_do_not_end_it) {
  Served served;
  Server& server = served.server;
  for (int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM}) kill(server.pid, signal);
  served.AskFor(1);
  CHECK(Hear(server).reply.kind == ForkReplyKind::kForked);
  EndOf(server, 0);
}

TEST(a_child_dies_with_the_writer_of_its_lifeline) {
  // Stopped before its first instruction, it cannot attach by itself.
  Server server = StartServer([](const ForkedChild&) { raise(SIGSTOP); });
  os::Lifeline lifeline = Served::MakeLifeline();
  CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
  Ask(server.control, 1, lifeline.read_end.get());
  const Heard forked = Hear(server);
  REQUIRE(forked.fds.size() == 1);
  lifeline.write_end.reset();
  const Heard end = Hear(server);
  CHECK(end.reply.kind == ForkReplyKind::kEnded);
  CHECK(WIFSIGNALED(end.reply.value) && WTERMSIG(end.reply.value) == SIGKILL);
  EndOf(server, 0);
}

struct Offered {
  pid_t pid;
  os::UniqueFd pidfd;
  os::UniqueFd socket;
};

Offered TakeOffer(const Server& server) {
  Heard offer = HearAt(server.spares);
  REQUIRE(offer.reply.kind == ForkReplyKind::kSpare);
  REQUIRE(offer.fds.size() == 2);
  return {offer.reply.value, std::move(offer.fds[0]), std::move(offer.fds[1])};
}

// Until it waits to be asked.
void AwaitSleep(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  for (std::string stat; stat.find(") S ") == std::string::npos; usleep(1000)) std::getline(std::ifstream(path), stat);
}

bool IsThereAnOffer(const Server& server) {
  pollfd offer{server.spares.get(), POLLIN, 0};
  return poll(&offer, 1, 200) > 0;
}

void TellTaken(const Server& server, pid_t pid) {
  REQUIRE_OK(os::SendWithFds(server.control.get(), {}, EncodeSpareTaken({pid})));
}

void ExpectEnd(const Server& server, pid_t pid, int signal) {
  const Heard end = Hear(server);
  REQUIRE(end.reply.kind == ForkReplyKind::kEnded);
  CHECK(end.reply.id == static_cast<uint32_t>(pid));
  CHECK(WIFSIGNALED(end.reply.value) && WTERMSIG(end.reply.value) == signal);
}

bool HasEnded(const os::UniqueFd& pidfd, int timeout_ms) {
  auto ended = os::PidfdEnded(pidfd.get(), timeout_ms);
  REQUIRE_OK(ended);
  return ended.value();
}

TEST(a_spare_becomes_what_it_is_asked_to_be_whatever_it_was_sent_before) {
  Served served;
  Server& server = served.server;
  for (uint32_t id = 1; id < 6; id++) {
    const Offered spare = TakeOffer(server);
    for (int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM}) kill(spare.pid, signal);
    Ask(spare.socket, id, served.lifeline.read_end.get());
    TellTaken(server, spare.pid);
    ExpectEnd(server, spare.pid, SIGINT);
  }
  EndOf(server, 0);
}

TEST(a_request_is_answered_by_the_server_while_a_spare_waits) {
  Served served;
  const Offered spare = TakeOffer(served.server);
  served.AskFor(1);
  const Heard forked = Hear(served.server);
  CHECK(forked.reply.kind == ForkReplyKind::kForked && forked.reply.value != spare.pid);
  ExpectEnd(served.server, forked.reply.value, SIGINT);
  CHECK(!HasEnded(spare.pidfd, 0));
  EndOf(served.server, 0);
}

TEST(spares_that_die_unasked_are_replaced_a_few_times) {
  Served served;
  for (int i = 0; i < 5; i++) {
    const Offered spare = TakeOffer(served.server);
    kill(spare.pid, SIGKILL);
    ExpectEnd(served.server, spare.pid, SIGKILL);
  }
  CHECK(!IsThereAnOffer(served.server));
  served.AskFor(1);
  CHECK(Hear(served.server).reply.kind == ForkReplyKind::kForked);
  EndOf(served.server, 0);
}

TEST(one_that_was_taken_makes_up_for_those_that_died) {
  Served served;
  for (int i = 0; i < 12; i++) {
    const Offered spare = TakeOffer(served.server);
    if (i % 3 == 2) {
      Ask(spare.socket, 1, served.lifeline.read_end.get());
      TellTaken(served.server, spare.pid);
      ExpectEnd(served.server, spare.pid, SIGINT);
    } else {
      kill(spare.pid, SIGKILL);
      ExpectEnd(served.server, spare.pid, SIGKILL);
    }
  }
  EndOf(served.server, 0);
}

TEST(a_spare_goes_with_its_server_even_if_it_is_stopped) {
  for (const bool is_stopped : {false, true}) {
    Server server = StartServer();
    CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
    const Offered spare = TakeOffer(server);
    AwaitSleep(spare.pid);
    if (is_stopped) kill(spare.pid, SIGSTOP);
    kill(server.pid, SIGKILL);
    CHECK(HasEnded(spare.pidfd, 10'000));
    EndOf(server, SIGKILL);
  }
}

TEST(a_spare_goes_when_its_client_lets_it_go) {
  Served served;
  Offered spare = TakeOffer(served.server);
  spare.socket.reset();
  CHECK(HasEnded(spare.pidfd, 10'000));
  EndOf(served.server, 0);
}

TEST(once_asked_it_outlives_its_server) {
  Served served;
  const Offered spare = TakeOffer(served.server);
  Ask(spare.socket, 1, served.lifeline.read_end.get(), "stay");
  // Its name says when it has been asked.
  const std::string comm = "/proc/" + std::to_string(spare.pid) + "/comm";
  for (std::string name = "forkyard-spare"; name == "forkyard-spare"; usleep(1000)) {
    std::getline(std::ifstream(comm), name);
  }
  usleep(10'000);
  kill(served.server.pid, SIGKILL);
  CHECK(!HasEnded(spare.pidfd, 100));
  REQUIRE_OK(os::SignalPidfd(spare.pidfd.get(), SIGKILL));
  CHECK(HasEnded(spare.pidfd, 10'000));
  EndOf(served.server, SIGKILL);
}

TEST(the_end_of_one_child_does_not_disturb_the_beginning_of_another) {
  Served served;
  Server& server = served.server;
  uint32_t asked = 0, forked = 0, ended = 0;
  while (ended < 400) {
    for (; asked < 400 && asked - ended < 3; asked++) served.AskFor(asked);
    const Heard heard = Hear(server);
    if (heard.reply.kind == ForkReplyKind::kForked) {
      CHECK(heard.reply.id == forked++);
      continue;
    }
    REQUIRE(heard.reply.kind == ForkReplyKind::kEnded);
    CHECK(WIFSIGNALED(heard.reply.value) && WTERMSIG(heard.reply.value) == SIGINT);
    ended++;
  }
  CHECK(forked == 400);
  EndOf(server, 0);
}

TEST(a_broken_request_ends_it_with_an_error) {
  Server server = StartServer();
  CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
  const std::array<uint8_t, 3> nonsense = {1, 2, 3};
  REQUIRE_OK(os::SendWithFds(server.control.get(), {}, nonsense));
  EndOf(server, 2 << 8);
}

TEST(the_word_of_a_taken_spare_is_no_request) {
  const std::vector<uint8_t> packet = EncodeSpareTaken({4711});
  CHECK(!DecodeForkRequest(packet));
  const std::optional<SpareTaken> taken = DecodeSpareTaken(packet);
  REQUIRE(taken.has_value());
  CHECK(taken->pid == 4711);
  CHECK(!DecodeSpareTaken(EncodeForkRequest({9, {022, -5, {}}, ""})));
}

TEST(requests_survive_encoding_and_nothing_else_does) {
  os::Inherited inherited{.umask = 022, .nice = -5, .oom_score_adj = 300, .has_no_new_privs = 1};
  inherited.timer_slack_ns = 70'000;
  inherited.limits[RLIMIT_NOFILE] = {100, 200};
  inherited.cpus = {0, 3, 70};
  const ForkRequest request{9, inherited, "text"};
  const std::vector<uint8_t> packet = EncodeForkRequest(request);
  auto decoded = DecodeForkRequest(packet);
  REQUIRE_OK(decoded);
  CHECK(decoded.value().id == 9 && decoded.value().invitation == "text");
  const os::Inherited& own = decoded.value().inherited;
  CHECK(own.umask == 022 && own.nice == -5 && own.oom_score_adj == 300 && own.has_no_new_privs == 1);
  CHECK(own.timer_slack_ns == 70'000 && own.cpus == inherited.cpus);
  CHECK(own.limits[RLIMIT_NOFILE].rlim_cur == 100 && own.limits[RLIMIT_NOFILE].rlim_max == 200);
  // All but the text, of which each part is one.
  const size_t without_text = packet.size() - request.invitation.size();
  for (size_t size = 0; size < without_text; size++) CHECK(!DecodeForkRequest(std::span(packet).first(size)));
  // The number of processors, the sixth word, is more than there are.
  std::vector<uint8_t> lying = packet;
  lying[5 * sizeof(uint32_t)] = 0xff;
  CHECK(!DecodeForkRequest(lying));
}

}  // namespace
