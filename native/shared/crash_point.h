// Numbered places at which a test kills the process with SIGKILL. Compiled in for tests only
// (FORKYARD_CRASH_POINTS=1); otherwise CrashPoint() is nothing.
#pragma once

#include <cstdint>

#if FORKYARD_CRASH_POINTS
#include <signal.h>
#include <unistd.h>

#include <atomic>
#endif

namespace forkyard {

// A name says where the process dies: after the step named.
enum class CrashPointId : uint32_t {
  kNone = 0,
  kReferenceIntentPublished,
  kReferenceCountChanged,
  kReferenceCellWritten,
  kMoveIntentPublished,
  kMoveTargetWritten,
  kMoveSourceCleared,
  kSpanIntentPublished,
  kSpanQuotaTaken,
  kSpanEntryClaimed,
  kSpanTailsWritten,
  kSpanHeadPublished,
  kSpanReturnIntentPublished,
  kSpanPagesPunched,
  kSpanEntryFreed,
  kSpanQuotaGiven,
  kSpanAdopted,
  kBlockAllocated,
  kRingRecordReserved,
  kRingCellAttached,
  kRingTailPublished,
  kRingBellOwed,
  kRingCellTaken,
  kRingHeadAdvanced,
  kReaperClaimed,
  kReaperIntentSettled,
  kReaperCellReleased,
  kReaperLedgerSwept,
  kReaperSpanSwept,
  kReaperSwept,
  kReaperSlotFreed,
  kSlotReserved,
  kSlotTokenTaken,
  kSlotClaimed,
  kRingRecordTakenBack,
  kForkRequested,
  kForked,
  kForkArmed,
  kForkReplied,
  kSpareMade,
  kSpareOffered,
  kSpareAsked,
  kSpareBegins,
  kReaperOwnerSwept,
  kReaperGrantPassedOn,
  kReaperBarrierBroken,
  kQueuePutLocked,
  kQueuePutSkipped,
  kQueuePutLogged,
  kQueuePutWritten,
  kQueuePutCounted,
  kQueuePutPublished,
  kQueuePutUnlocked,
  kQueueRingAdded,
  kQueueRingWritten,
  kQueueRingDropped,
  kQueueRingPassed,
  kQueueGetLocked,
  kQueueGetSkipped,
  kQueueGetLogged,
  kQueueGetHeld,
  kQueueGetCommitted,
  kQueueGetReleased,
  kQueueGetFreed,
  kQueueGetCounted,
  kQueueGetUnlocked,
  kReaperPutSettled,
  kReaperGetSettled,
  kReaperItemsLost,
  kBellUnpublished,
  kCount,
};

#if FORKYARD_CRASH_POINTS
inline constexpr bool kCrashPointsCompiled = true;
// Inline variables: one copy in the process, armed by a test before it starts the work.
inline std::atomic<uint32_t> armed_crash_point{0};
inline std::atomic<uint32_t> crash_point_countdown{0};

inline void ArmCrashPoint(uint32_t id, uint32_t hits_before) {
  crash_point_countdown.store(hits_before);
  armed_crash_point.store(id);
}

inline void CrashPoint(CrashPointId id) {
  if (armed_crash_point.load(std::memory_order_relaxed) != static_cast<uint32_t>(id)) return;
  if (crash_point_countdown.fetch_sub(1) != 0) return;
  kill(getpid(), SIGKILL);
  for (;;) pause();
}
#else
inline constexpr bool kCrashPointsCompiled = false;
inline void ArmCrashPoint(uint32_t, uint32_t) {}
inline void CrashPoint(CrashPointId) {}
#endif

}  // namespace forkyard
