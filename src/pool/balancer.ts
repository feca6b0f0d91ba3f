// No worker is idle while another has a backlog: tasks that a busy worker has not begun go to the idle ones. Credit
// keeps backlogs short; this is for what credit cannot foresee: one long task among many short ones.
import type { Crew, CrewMember } from './crew.js';

const lookAgainMs = 1;
// Taking tasks from a worker that gets on with them pays only if they would take it longer than that.
const worthwhileUs = 2000;

export class Balancer {
  readonly #crew: Crew;
  readonly #takeBack: (member: CrewMember, most: number) => void;
  readonly #lastProgress = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(crew: Crew, takeBack: (member: CrewMember, most: number) => void) {
    this.#crew = crew;
    this.#takeBack = takeBack;
  }

  /** Call when all that could be given out was. Nothing happens, and no timer runs, unless the load is uneven. */
  watch(): void {
    if (this.#timer !== undefined || !this.#isUneven()) return;
    for (const { index, worker } of this.#crew.members) this.#lastProgress.set(index, worker.progress);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#balance();
      this.watch();
    }, lookAgainMs);
    this.#timer.unref();
  }

  #isUneven(): boolean {
    const { members } = this.#crew;
    return members.some(({ held }) => held === 0) && members.some(hasBacklog);
  }

  #balance(): void {
    const idle = this.#crew.members.filter(({ held }) => held === 0).length;
    const loaded = this.#crew.members.filter(hasBacklog).sort((a, b) => b.held - a.held);
    for (const member of loaded.slice(0, Math.max(1, idle))) {
      const isStuck = this.#lastProgress.get(member.index) === member.worker.progress;
      if (isStuck) this.#takeBack(member, member.held);
      else if (member.held * member.worker.meanTaskUs > worthwhileUs)
        this.#takeBack(member, member.held >> 1);
    }
    this.#lastProgress.clear();
  }
}

function hasBacklog({ held, worker }: CrewMember): boolean {
  return held > 1 && worker.mark !== worker.progress;
}
