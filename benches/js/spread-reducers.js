/** The rules of examples/rules as reducers that change nothing: what an event touches is copied, on the way down to it. */

export const wholeLog = {
  initialState: () => ({ applications: {}, activities: {} }),
  evolve: ({ applications, activities }, { stream, type, at, data }) => ({
    applications: {
      ...applications,
      [stream]: application(applications[stream] ?? { events: 0, work: {} }, type, at, data),
    },
    activities: counted(activities, data.activity),
  }),
};

export const latest = {
  initialState: () => ({ applications: {}, activities: {} }),
  evolve: ({ applications, activities }, { stream, data }) => ({
    applications: { ...applications, [stream]: data },
    activities: counted(activities, data.activity),
  }),
};

export const perApplication = {
  initialState: () => ({ events: 0, work: {}, history: [] }),
  evolve: (state, { type, at, data: { activity, phase, by, amount } }) => {
    const events = state.events + 1;
    if (type === 'A.COMPLETE') {
      const history = [...state.history, { status: activity, at }];
      return { ...state, status: activity, ...(amount !== undefined && { amount }), history, events };
    }
    if (type === 'O.COMPLETE')
      return { ...state, offer: activity, history: [...state.history, { offer: activity, at }], events };
    const known = type !== 'W.SCHEDULE' && by !== undefined;
    return { ...state, work: { ...state.work, [activity]: known ? { phase, at, by } : { phase, at } }, events };
  },
};

export const orders = {
  initialState: () => ({ orders: {}, open: 0, revenue: 0, counts: { placed: 0, paid: 0, shipped: 0, cancelled: 0 } }),
  evolve: (state, { type, at, data }) => {
    const order = state.orders[data.order];
    const set = (changed) => ({ ...state, orders: { ...state.orders, [data.order]: { ...order, ...changed } } });
    const count = (name) => ({ ...state.counts, [name]: state.counts[name] + 1 });
    switch (type) {
      case 'OrderPlaced': {
        const placed = { customer: data.customer, placedAt: at, status: 'placed', lines: {}, total: 0 };
        return { ...set(placed), counts: count('placed'), open: state.open + 1 };
      }
      case 'OrderPaid':
        return { ...set({ status: 'paid', paidAt: at }), revenue: state.revenue + data.amount, counts: count('paid') };
      case 'OrderShipped': {
        const tracking = 'tracking' in data ? { tracking: data.tracking } : {};
        return {
          ...set({ status: 'shipped', shippedAt: at, ...tracking }),
          counts: count('shipped'),
          open: state.open - 1,
        };
      }
      case 'OrderCancelled': {
        const { [data.order]: _, ...orders } = state.orders;
        return {
          ...state,
          orders,
          revenue: state.revenue - (data.refund ?? 0),
          counts: count('cancelled'),
          open: state.open - 1,
        };
      }
      default:
        return set(withLines(order, type, data));
    }
  },
};

function application(before, type, at, { activity, phase, by, amount }) {
  const last = { ...(by !== undefined && { by }), at, events: before.events + 1 };
  if (type === 'A.COMPLETE') return { ...before, status: activity, ...(amount !== undefined && { amount }), ...last };
  if (type === 'O.COMPLETE') return { ...before, offer: activity, ...last };
  return { ...before, work: { ...before.work, [activity]: phase }, ...last };
}

function withLines({ lines, total, discounts = [] }, type, { line, sku, quantity, amount, difference, code }) {
  switch (type) {
    case 'LineAdded':
      return { lines: { ...lines, [line]: { sku, quantity, amount } }, total: total + amount };
    case 'LineChanged':
      return { lines: { ...lines, [line]: { ...lines[line], quantity, amount } }, total: total + difference };
    case 'LineRemoved': {
      const { [line]: _, ...others } = lines;
      return { lines: others, total: total - amount };
    }
    case 'DiscountGranted':
      return { total: total - amount, discounts: [...discounts, { code, amount }] };
    default:
      throw new Error(`${type} is not known`);
  }
}

function counted(activities, activity) {
  return { ...activities, [activity]: (activities[activity] ?? 0) + 1 };
}
