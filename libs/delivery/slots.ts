/** A bounded number of places, taken in the order of asking. */
export class Slots {
  private taken = 0;
  private readonly waiting: ((hasPlace: boolean) => void)[] = [];

  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.taken >= this.limit;
  }

  /** Takes a place as soon as one is free. False when none was within `ms`. Whoever got one gives it back by `free`. */
  async take(ms: number): Promise<boolean> {
    if (!this.isFull) {
      this.taken += 1;
      return true;
    }
    return new Promise((resolve) => {
      const answer = (hasPlace: boolean): void => {
        clearTimeout(timer);
        resolve(hasPlace);
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(answer), 1);
        answer(false);
      }, ms);
      this.waiting.push(answer);
    });
  }

  free(): void {
    const next = this.waiting.shift();
    if (next) next(true);
    else this.taken -= 1;
  }
}
