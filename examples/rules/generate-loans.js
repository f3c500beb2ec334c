/**
 * Events like those of the loan applications: twenty an application, of the same types in about the same shares,
 * some hundreds of applications open at a time.
 */
import { randomFrom } from './random.js';

const START = Date.UTC(2011, 9, 1);
const OPEN = 500;
const WORK = [
  'W_Completeren aanvraag',
  'W_Nabellen offertes',
  'W_Valideren aanvraag',
  'W_Nabellen incomplete dossiers',
];

export function* loanEvents({ events, seed = 1 }) {
  const random = randomFrom(seed);
  const open = [];
  let applications = 0;
  let time = START;
  for (let seq = 1; seq <= events; seq++) {
    time += random.below(120_000);
    const fresh = open.length === 0 || (open.length < OPEN && random.chance(0.1));
    if (fresh) {
      applications += 1;
      open.push({ stream: `${173_688 + 3 * applications}`, position: 0, plan: planOf(random) });
    }
    const index = fresh ? open.length - 1 : random.below(open.length);
    const application = open[index];
    const [type, activity] = application.plan[application.position];
    application.position += 1;
    const { stream, position, plan } = application;
    if (position === plan.length) closeAt(open, index);
    yield {
      seq,
      stream,
      position,
      type,
      at: new Date(time).toISOString(),
      data: dataOf(type, activity, position, random),
    };
  }
}

/** What will happen to an application: `[type, activity]` of each event. */
function planOf(random) {
  const plan = [...application('SUBMITTED'), ...application('PARTLYSUBMITTED')];
  if (random.chance(0.3)) return [...plan, ...application('DECLINED')];
  plan.push(...application('PREACCEPTED'), ...work(random));
  if (random.chance(0.6)) {
    plan.push(...application('ACCEPTED'), ...application('FINALIZED'));
    for (let offers = 1 + random.below(2); offers > 0; offers--)
      plan.push(...offer('SELECTED'), ...offer('CREATED'), ...offer('SENT'));
    plan.push(...work(random), ...offer('SENT_BACK'), ...work(random));
  }
  return [...plan, ...application(random.oneOf(['APPROVED', 'CANCELLED', 'DECLINED']))];
}

function application(activity) {
  return [['A.COMPLETE', `A_${activity}`]];
}

function offer(activity) {
  return [['O.COMPLETE', `O_${activity}`]];
}

function work(random) {
  const activity = random.oneOf(WORK);
  const turns = Array.from({ length: 1 + random.below(7) }, () => [
    ['W.START', activity],
    ['W.COMPLETE', activity],
  ]);
  return [['W.SCHEDULE', activity], ...turns.flat()];
}

function dataOf(type, activity, position, random) {
  return {
    activity,
    phase: type.slice(2),
    ...((random.chance(0.85) || position === 1) && { by: `${10_000 + random.below(1_200)}` }),
    ...(position === 1 && { amount: 500 * (1 + random.below(100)) }),
  };
}

/** The order of open applications says nothing, so the last one takes the place. */
function closeAt(open, index) {
  const last = open.pop();
  if (index < open.length) open[index] = last;
}
