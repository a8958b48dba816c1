/** Who wants to know of which import or batch. */
export class Subscribers {
  private readonly listeners = new Map<string, Set<() => void>>();

  ids(): readonly string[] {
    return [...this.listeners.keys()];
  }

  notify(id: string): void {
    for (const listener of this.listeners.get(id) ?? []) listener();
  }

  notifyAll(): void {
    for (const id of this.ids()) this.notify(id);
  }

  /** Returns a function that unsubscribes. */
  subscribe(id: string, listener: () => void): () => void {
    const set = this.listeners.get(id) ?? new Set();
    set.add(listener);
    this.listeners.set(id, set);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.listeners.delete(id);
    };
  }
}
