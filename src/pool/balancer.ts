// No worker is idle while another has a backlog: tasks that a busy worker has not begun go to the idle ones. Credit
// keeps backlogs short; this is for what credit cannot foresee: one long task among many short ones, a stopped process.
import type { Crew, CrewMember } from './crew.js';

const lookAgainMs = 1;
// A worker that has a single task not begun is about to wake up; if it does not, somebody else should have it.
const wakingMs = 20;
// Taking tasks from a worker that gets on with them pays only if they would take it longer than that.
const worthwhileUs = 2000;

export class Balancer {
  readonly #crew: Crew;
  readonly #takeBack: (member: CrewMember, most: number) => void;
  readonly #lastProgress = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;

  constructor(crew: Crew, takeBack: (member: CrewMember, most: number) => void) {
    this.#crew = crew;
    this.#takeBack = takeBack;
  }

  /** Call when all that could be given out was. Nothing happens, and no timer runs, unless the load is uneven. */
  watch(): void {
    if (!this.#crew.hasIdle) return;
    if (this.#timer !== undefined && this.#timerMs === lookAgainMs) return;
    const wanted = this.#lookIn();
    if (wanted === 0 || (this.#timer !== undefined && wanted === this.#timerMs)) return;
    clearTimeout(this.#timer);
    for (const { index, worker } of this.#crew.members) this.#lastProgress.set(index, worker.progress);
    this.#timerMs = wanted;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#balance();
      this.watch();
    }, wanted);
    this.#timer.unref();
  }

  // One is idle: in how many milliseconds to look; 0 if the load is even.
  #lookIn(): number {
    let waking = false;
    let backlog = false;
    for (const member of this.#crew.members) {
      if (member.held === 0 || !hasUnbegun(member)) continue;
      if (member.held > 1) backlog = true;
      else waking = true;
    }
    return backlog ? lookAgainMs : waking ? wakingMs : 0;
  }

  #balance(): void {
    const { members } = this.#crew;
    const idle = members.filter(({ held, isReady }) => held === 0 && isReady).length;
    const loaded = members.filter(({ held }) => held > 0).filter(hasUnbegun);
    loaded.sort((a, b) => b.held - a.held);
    for (const member of loaded.slice(0, Math.max(1, idle))) {
      const isStuck = this.#lastProgress.get(member.index) === member.worker.progress;
      if (isStuck && (member.held > 1 || this.#timerMs === wakingMs)) this.#takeBack(member, member.held);
      else if (member.held * member.worker.meanTaskUs > worthwhileUs)
        this.#takeBack(member, member.held >> 1);
    }
    this.#lastProgress.clear();
  }
}

function hasUnbegun({ worker }: CrewMember): boolean {
  return worker.mark !== worker.progress;
}
