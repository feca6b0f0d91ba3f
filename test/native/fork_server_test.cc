// forking/: a server answers requests with copies of itself that have what the request says; it tells of their ends, survives
// the terminal's signals, and goes with its client.
#include "forking/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
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

// What a child of this test does: it ends with a status that says whether it is what was asked for.
[[noreturn]] void BeChild(const ForkedChild& child) {
  const mode_t mask = umask(0);
  char cwd[4096];
  const bool is_right = child.invitation == "hello" && child.lifelines.size() == 1 && mask == 0127 &&
                        getcwd(cwd, sizeof(cwd)) != nullptr && std::string(cwd) == "/" &&
                        signal(SIGINT, SIG_DFL) == SIG_DFL;
  if (is_right) raise(SIGINT);
  _exit(1);
}

os::Result<void> Nothing() { return {}; }

struct Server {
  os::UniqueFd control;
  pid_t pid;
};

Server StartServer() {
  auto pair = os::MakeSocketPair(SOCK_SEQPACKET);
  REQUIRE_OK(pair);
  auto& [ours, theirs] = pair.value();
  const pid_t pid = fork();
  if (pid == 0) {
    ours.reset();
    auto served = ServeForks(theirs.get(), Nothing);
    if (served && served.value()) BeChild(*served.value());
    _exit(served ? 0 : 2);
  }
  return {std::move(ours), pid};
}

struct Heard {
  ForkReply reply;
  std::vector<os::UniqueFd> fds;
};

Heard Hear(const Server& server) {
  std::vector<uint8_t> packet(kMaxForkPacket);
  auto received = os::ReceiveWithFds(server.control.get(), packet);
  REQUIRE_OK(received);
  REQUIRE(received.value().size == sizeof(ForkReply));
  Heard heard{{}, std::move(received.value().fds)};
  std::memcpy(&heard.reply, packet.data(), sizeof(heard.reply));
  return heard;
}

void Ask(const Server& server, uint32_t id, int lifeline) {
  os::UniqueFd directory(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto inherited = os::GetInherited(0127);
  REQUIRE_OK(inherited);
  const std::vector<uint8_t> packet = EncodeForkRequest({id, inherited.take(), "hello"});
  const std::array fds = {0, 1, 2, directory.get(), lifeline};
  REQUIRE_OK(os::SendWithFds(server.control.get(), fds, packet));
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

  void AskFor(uint32_t id) { Ask(server, id, lifeline.read_end.get()); }

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
  auto lifeline = os::CreateLifeline();
  REQUIRE_OK(lifeline);
  auto pair = os::MakeSocketPair(SOCK_SEQPACKET);
  REQUIRE_OK(pair);
  const pid_t pid = fork();
  if (pid == 0) {
    pair.value().first.reset();
    lifeline.value().write_end.reset();
    auto served = ServeForks(pair.value().second.get(), Nothing);
    // Stopped before its first instruction, it cannot attach by itself.
    if (served && served.value()) raise(SIGSTOP);
    _exit(0);
  }
  Server server{std::move(pair.value().first), pid};
  CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
  Ask(server, 1, lifeline.value().read_end.get());
  const Heard forked = Hear(server);
  REQUIRE(forked.fds.size() == 1);
  lifeline.value().write_end.reset();
  const Heard end = Hear(server);
  CHECK(end.reply.kind == ForkReplyKind::kEnded);
  CHECK(WIFSIGNALED(end.reply.value) && WTERMSIG(end.reply.value) == SIGKILL);
  EndOf(server, 0);
}

// The copy that it keeps in reserve, once there is one.
pid_t SpareOf(pid_t server) {
  const std::string path = "/proc/" + std::to_string(server) + "/task/" + std::to_string(server) + "/children";
  for (int waited_ms = 0; waited_ms < 10'000; waited_ms++) {
    std::ifstream children(path);
    for (pid_t pid; children >> pid;) {
      std::string name;
      std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> std::ws, name);
      // Asleep: it waits for its duty.
      std::string stat;
      std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/stat"), stat);
      if (name == "forkyard-spare" && stat.find(") S ") != std::string::npos) return pid;
    }
    usleep(1000);
  }
  REQUIRE(!"the server has made no copy");
  return -1;
}

void ExpectChildAsAsked(Served& served, uint32_t id, pid_t reserve, bool is_used) {
  served.AskFor(id);
  Server& server = served.server;
  const Heard forked = Hear(server);
  REQUIRE(forked.reply.kind == ForkReplyKind::kForked);
  CHECK(forked.reply.id == id);
  CHECK((forked.reply.value == reserve) == is_used);
  const Heard end = Hear(server);
  REQUIRE(end.reply.kind == ForkReplyKind::kEnded);
  CHECK(end.reply.id == static_cast<uint32_t>(forked.reply.value));
  CHECK(WIFSIGNALED(end.reply.value) && WTERMSIG(end.reply.value) == SIGINT);
}

TEST(a_spare_becomes_the_next_child_whatever_it_was_sent_before) {
  Served served;
  Server& server = served.server;
  for (uint32_t id = 1; id < 6; id++) {
    const pid_t spare = SpareOf(server.pid);
    for (int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM}) kill(spare, signal);
    ExpectChildAsAsked(served, id, spare, true);
  }
  EndOf(server, 0);
}

TEST(a_spare_that_is_dead_or_stopped_is_passed_over) {
  Served served;
  Server& server = served.server;
  uint32_t id = 0;
  for (int signal : {SIGSTOP, SIGKILL, SIGSTOP}) {
    const pid_t spare = SpareOf(server.pid);
    // Whatever comes between is the server's to find out.
    kill(server.pid, SIGSTOP);
    kill(spare, signal);
    kill(server.pid, SIGCONT);
    ExpectChildAsAsked(served, ++id, spare, false);
  }
  EndOf(server, 0);
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

TEST(a_spare_goes_with_its_server_even_if_it_is_stopped) {
  for (const bool is_stopped : {false, true}) {
    Server server = StartServer();
    CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
    const pid_t spare = SpareOf(server.pid);
    auto pidfd = os::OpenPidfd(spare);
    REQUIRE_OK(pidfd);
    if (is_stopped) kill(spare, SIGSTOP);
    kill(server.pid, SIGKILL);
    auto ended = os::PidfdEnded(pidfd.value().get(), 10'000);
    REQUIRE_OK(ended);
    CHECK(ended.value());
    EndOf(server, SIGKILL);
  }
}

TEST(a_broken_request_ends_it_with_an_error) {
  Server server = StartServer();
  CHECK(Hear(server).reply.kind == ForkReplyKind::kServing);
  const std::array<uint8_t, 3> nonsense = {1, 2, 3};
  REQUIRE_OK(os::SendWithFds(server.control.get(), {}, nonsense));
  EndOf(server, 2 << 8);
}

TEST(requests_survive_encoding_and_nothing_else_does) {
  const ForkRequest request{9, {022, -5, {0, 3, 70}}, "text"};
  const std::vector<uint8_t> packet = EncodeForkRequest(request);
  auto decoded = DecodeForkRequest(packet);
  REQUIRE_OK(decoded);
  CHECK(decoded.value().id == 9 && decoded.value().invitation == "text");
  CHECK(decoded.value().inherited.nice == -5 && decoded.value().inherited.cpus == request.inherited.cpus);
  // The head and three processors; of the text each part is one.
  for (size_t size = 0; size < 28; size++) CHECK(!DecodeForkRequest(std::span(packet).first(size)));
  std::vector<uint8_t> lying = packet;
  lying[12] = 0xff;
  CHECK(!DecodeForkRequest(lying));
}

}  // namespace
