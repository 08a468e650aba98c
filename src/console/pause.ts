/** A pause that can be cut short. */
export class Pause {
  #end: (() => void) | undefined;

  /** Waits, until `cut` at the latest. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  cut(): void {
    this.#end?.();
  }
}
