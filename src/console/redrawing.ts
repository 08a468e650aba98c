/** More often than this, nobody can read numbers. */
const INTERVAL_MS_MIN = 100;

/** Draws what changed, in a frame of the browser: once for all that came since the last time. */
export class Redrawing {
  readonly #draw: () => void;
  #isDue = false;
  #drawnAt = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const waitMs = this.#drawnAt + INTERVAL_MS_MIN - performance.now();
    if (waitMs > 0) setTimeout(() => this.#inFrame(), waitMs);
    else this.#inFrame();
  }

  #inFrame(): void {
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#drawnAt = performance.now();
      this.#draw();
    });
  }
}
