/** Tells what goes on, on standard error: one line that changes on a terminal, a line a step elsewhere. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY;
  #step = '';

  /** Something to be read. */
  tell(line: string): void {
    this.#erase();
    process.stderr.write(`${line}\n`);
  }

  /** A step begins. */
  begin(step: string): void {
    this.#step = step;
    if (this.#isTerminal) this.update('');
  }

  /** How the step goes. */
  update(how: string): void {
    if (!this.#isTerminal) return;
    this.#erase();
    process.stderr.write(`  ${this.#step}  ${how}`);
  }

  /** The step is over. */
  end(outcome: string): void {
    this.tell(`  ${this.#step.padEnd(52)}  ${outcome}`);
  }

  #erase(): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K');
  }
}
