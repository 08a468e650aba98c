import { ActionDialog, errorWords } from './action-dialog.js';
import { Actions } from './actions.js';
import { type Coupon, PAGE_SIZE_MAX } from './api.js';
import { addressOf, CouponList } from './coupon-list.js';
import { CouponView } from './coupon-view.js';
import { stateWords } from './coupon-words.js';
import { find, setAttribute, setHidden, setText } from './elements.js';
import { Holders } from './holders.js';
import { KeyDialog } from './key-dialog.js';
import { type Connection, LiveSales } from './live-sales.js';
import { Notices } from './notices.js';
import { Redrawing } from './redrawing.js';
import { countWords } from './words.js';

/** The log has the claims of a second this long after its end. */
const SETTLE_MS = 400;
const TICK_MS = 250;

const notices = new Notices();
const redrawing = new Redrawing(draw);
const live = new LiveSales(new URL('.', document.baseURI).href.replace(/\/$/, ''), {
  onChange: () => redrawing.soon(),
  onConnection: showConnection,
});
const { api, sales, clock, reader } = live;
const actions = new Actions(api, clock);
/** The coupon whose holders were read, and since when the page knows what happened. */
let recalled = '';
let announced: { name: string; state: string } | undefined;

const keyDialog = new KeyDialog(api, () => live.follower.restart());
const list = new CouponList(sales, () => redrawing.soon());
const view = new CouponView();

const dialogOf = (id: string) => new ActionDialog(id, onDone, onFailed, () => keyDialog.open());
const dialogs = {
  create: dialogOf('create'),
  restock: dialogOf('restock'),
  window: dialogOf('window'),
  end: dialogOf('end'),
  release: dialogOf('release'),
};
const holders = new Holders(
  api,
  (claim) => {
    const get = couponInHand();
    if (get)
      dialogs.release.open(
        actions.release(get, claim, () => holders.clear()),
        claim.coupon_name,
      );
  },
  (error) => notices.show(`The export was not finished: ${errorWords(error)[0]}`, true),
);

function onDone(words: string): void {
  notices.show(words);
  if (reader.selected !== undefined) sales.stale.add(reader.selected);
  reader.readStale();
}

function onFailed(error: unknown): void {
  notices.show(errorWords(error).filter(Boolean).join(': '), true);
}

/** The selected coupon, as it is whenever it is asked for. */
function couponInHand(): (() => Coupon) | undefined {
  let last = sales.get(reader.selected ?? '')?.coupon;
  if (!last) return undefined;
  const { name } = last;
  return () => {
    last = sales.get(name)?.coupon ?? last!;
    return last;
  };
}

function listenToButtons(): void {
  const opens = {
    restock: (get: () => Coupon) => dialogs.restock.open(actions.restock(get), get().name),
    window: (get: () => Coupon) => dialogs.window.open(actions.changeWindow(get), get().name),
    end: (get: () => Coupon) => dialogs.end.open(actions.end(get), get().name),
  };
  for (const [name, open] of Object.entries(opens)) {
    find(`[data-action=${name}]`).addEventListener('click', () => {
      const get = couponInHand();
      if (get) open(get);
    });
  }
  for (const button of document.querySelectorAll('[data-action=create]')) {
    button.addEventListener('click', () => dialogs.create.open(actions.create(select)));
  }
  find('#find-coupon').addEventListener('submit', (event) => {
    event.preventDefault();
    if (list.wanted) select(list.wanted);
  });
}

function select(name: string): void {
  location.hash = addressOf(name);
}

function onSelected(): void {
  const before = reader.selected;
  const name = nameInAddress();
  live.select(name);
  announced = undefined;
  document.body.dataset['view'] = name === undefined ? 'list' : 'coupon';
  draw();
  // On a phone one of them takes the place of the other.
  if (name === undefined && before !== undefined) list.focus(before);
  else if (getComputedStyle(find('#coupons')).display === 'none') find('#coupon-title').focus();
}

function nameInAddress(): string | undefined {
  try {
    return decodeURIComponent(location.hash.slice('#/'.length)) || undefined;
  } catch {
    return undefined;
  }
}

/** Once for each coupon that is selected, and again if the page has begun anew. */
function recallOnce(name: string): void {
  const wanted = `${live.knownSince} ${name}`;
  if (recalled === wanted || live.knownSince === 0) return;
  recalled = wanted;
  void recallHolders(name);
}

/** Shows the latest claims of a coupon that has so few that one page has all of them. */
async function recallHolders(name: string): Promise<void> {
  const claims = await api.listFirstClaims(name).catch(() => []);
  if (claims.length === PAGE_SIZE_MAX) return;
  const news = claims.map(({ user_id: userId, claimed_at }) => ({
    userId,
    atMs: Date.parse(claimed_at),
    isReleased: false,
  }));
  sales.recall(name, news);
  redrawing.soon();
}

function showConnection(connection: Connection, error?: unknown): void {
  const [sentence] = errorWords(error);
  const words = { live: 'Live', lost: 'Connecting again…', closed: sentence };
  setAttribute(find('#connection'), 'data-state', connection);
  setText(find('#connection-words'), words[connection]);
  setHidden(find('#closed'), connection !== 'closed');
  setText(find('#closed-words'), sentence);
}

function draw(): void {
  const nowMs = clock.now();
  const second = Math.floor((nowMs - SETTLE_MS) / 1000) - 1;
  const { selected } = reader;
  list.render(selected, nowMs, second, live.isLoaded);
  setText(find('#total'), `${countWords(sales.claimsIn(second))} claims/s`);
  const sale = selected === undefined ? undefined : sales.get(selected);
  setHidden(find('#coupon'), sale === undefined);
  setHidden(find('#no-selection'), selected !== undefined || sales.names.length === 0);
  setHidden(find('#not-found'), selected === undefined || sale !== undefined || !live.isLoaded);
  document.title = sale ? `${sale.coupon.name} – Coupons` : 'Coupons';
  if (!sale) return;
  recallOnce(sale.coupon.name);
  holders.show(sale.coupon);
  view.render(sale, nowMs, second, live.knownSince);
  announceState(sale.coupon);
  for (const dialog of Object.values(dialogs)) if (dialog.dialog.open) dialog.render();
}

/** For those who do not see it: the state of the coupon that is looked at, when it changes. */
function announceState({ name, state }: Coupon): void {
  if (announced?.name === name && announced.state !== state) {
    setText(find('#announcement'), `${name}: ${stateWords(state)}`);
  }
  announced = { name, state };
}

listenToButtons();
addEventListener('hashchange', onSelected);
addEventListener('online', () => live.follower.wake());
document.addEventListener('visibilitychange', () => document.hidden || live.follower.wake());
setInterval(() => {
  live.tick();
  redrawing.soon();
}, TICK_MS);
void live.run();
onSelected();
