/** An account: what happens to it, and what may. Pure functions; nothing in here knows of a database or of snapshots. */

export type AccountEvent =
  | { readonly type: 'Opened'; readonly owner: string }
  | { readonly type: 'Deposited'; readonly cents: number; readonly from?: string }
  | { readonly type: 'Withdrawn'; readonly cents: number; readonly to?: string };

export interface Account {
  readonly owner: string | undefined;
  readonly cents: number;
  /** Cents by the account that they came from. */
  readonly received: ReadonlyMap<string, number>;
}

/** Why a command is not carried out. */
export class Refused extends Error {
  constructor(
    readonly reason: 'unknown' | 'exists' | 'insufficient',
    message: string,
  ) {
    super(message);
  }
}

export const initialState = (): Account => ({ owner: undefined, cents: 0, received: new Map() });

export function evolve(account: Account, event: AccountEvent): Account {
  switch (event.type) {
    case 'Opened':
      return { ...account, owner: event.owner };
    case 'Deposited': {
      const cents = account.cents + event.cents;
      if (event.from === undefined) return { ...account, cents };
      const received = new Map(account.received).set(event.from, (account.received.get(event.from) ?? 0) + event.cents);
      return { ...account, cents, received };
    }
    case 'Withdrawn':
      return { ...account, cents: account.cents - event.cents };
  }
}

/** A decision: the events that a command leads to in this state, or {@link Refused}. */
export type Decide = (account: Account) => AccountEvent[];

export const open =
  (owner: string): Decide =>
  (account) => {
    if (account.owner !== undefined) throw new Refused('exists', 'the account is open already');
    return [{ type: 'Opened', owner }];
  };

export const deposit =
  (cents: number, from?: string): Decide =>
  (account) => {
    mustBeOpen(account);
    return [from === undefined ? { type: 'Deposited', cents } : { type: 'Deposited', cents, from }];
  };

export const withdraw =
  (cents: number, to?: string): Decide =>
  (account) => {
    mustBeOpen(account);
    if (account.cents < cents) throw new Refused('insufficient', `there are only ${account.cents} cents`);
    return [to === undefined ? { type: 'Withdrawn', cents } : { type: 'Withdrawn', cents, to }];
  };

function mustBeOpen({ owner }: Account): void {
  if (owner === undefined) throw new Refused('unknown', 'there is no such account');
}
