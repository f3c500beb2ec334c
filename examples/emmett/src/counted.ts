/** An event store that counts the events it reads. */
import { nulloSessionFactory, type Event, type EventStore, type ReadStreamOptions } from '@event-driven-io/emmett';

export function counted<Store extends EventStore>(eventStore: Store): { readonly eventStore: Store; readonly counts: { read: number } } {
  const counts = { read: 0 };
  const counting: Store = Object.create(eventStore);
  counting.readStream = async <E extends Event, Stored extends Event = E>(
    streamName: string,
    options?: ReadStreamOptions<bigint, E, Stored>,
  ) => {
    const result = await eventStore.readStream<E, Stored>(streamName, options);
    counts.read += result.events.length;
    return result;
  };
  return { eventStore: Object.assign(counting, nulloSessionFactory(counting)), counts };
}
