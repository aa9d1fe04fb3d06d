// Who is signed in, as every service sees it: looked at every two seconds, which does not keep the session alive.
import { computed, reactive, ref } from 'vue';
import { ApiError, request, type Content, type SessionView } from './api';

export const services = [
  { id: 'auth', stack: 'Django' },
  { id: 'transactions', stack: 'Django REST' },
  { id: 'cards', stack: 'Express' },
  { id: 'statements', stack: 'Spring Boot' },
  { id: 'rates', stack: 'C++' },
] as const;

export type ServiceId = (typeof services)[number]['id'];

/** What a service answered last. */
export interface Look {
  view: SessionView | null;
  error: ApiError | null;
}

export type Phase = 'starting' | 'signed-out' | 'signed-in';

const lookEveryMs = 2000;
const expired = 'Your session has ended: it was not used for too long, or it was ended elsewhere. Please sign in again.';

const looks = reactive(Object.fromEntries(services.map(({ id }) => [id, { view: null, error: null }])) as Record<ServiceId, Look>);
const phase = ref<Phase>('starting');
const me = ref<SessionView | null>(null);
/** Why the visitor finds himself signed out. */
const notice = ref('');
const following = ref(true);
const outage = computed(() => looks.auth.error?.problem === 'unavailable');

// Counts sign-ins and sign-outs: an answer that was asked for before the last one says nothing any more.
let epoch = 0;

async function ask(id: ServiceId): Promise<Look> {
  try {
    return { view: await request<SessionView>('GET', `/${id}/session`), error: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { view: null, error };
  }
}

async function look(id: ServiceId) {
  const asked = epoch;
  const answer = await ask(id);
  if (asked === epoch) looks[id] = answer;
}

function end(why: string) {
  epoch++;
  phase.value = 'signed-out';
  me.value = null;
  notice.value = why;
  for (const { id } of services) looks[id] = { view: null, error: null };
}

// The authentication service's word counts; that it could not find out changes nothing.
function settle() {
  const { view, error } = looks.auth;
  if (error?.problem === 'signed-out') {
    end(phase.value === 'signed-in' ? expired : '');
  } else if (view) {
    me.value = view;
    phase.value = 'signed-in';
  }
}

async function refresh() {
  await look('auth');
  settle();
  if (phase.value !== 'signed-in') return;
  await Promise.all(services.filter(({ id }) => id !== 'auth').map(({ id }) => look(id)));
}

/** One request to a service, after which the page knows whether the session still lives. Rejects with ApiError. */
async function call<T>(method: string, path: string, content?: Content): Promise<T> {
  try {
    return await request<T>(method, path, content);
  } catch (error) {
    const problem = error instanceof ApiError ? error.problem : undefined;
    if (problem === 'unavailable' || (problem === 'signed-out' && phase.value === 'signed-in')) await refresh();
    throw error;
  }
}

function begin(view: SessionView) {
  epoch++;
  looks.auth = { view, error: null };
  notice.value = '';
  settle();
  void refresh();
}

async function signIn(username: string, password: string) {
  begin(await call<SessionView>('POST', '/auth/login', { body: { username, password } }));
}

async function stepUp(password: string) {
  begin(await call<SessionView>('POST', '/auth/step-up', { body: { password } }));
}

async function signOut({ everywhere = false } = {}) {
  await call('POST', everywhere ? '/auth/logout-everywhere' : '/auth/logout');
  end(everywhere ? 'You are signed out, on all devices.' : 'You are signed out.');
}

/** Looks now, and from then on again and again while the page is visible. */
function follow() {
  const due = () => !document.hidden && (outage.value || phase.value === 'starting' || (following.value && phase.value === 'signed-in'));
  const next = () => setTimeout(async () => {
    if (due()) await refresh();
    next();
  }, lookEveryMs);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void refresh();
  });
  void refresh();
  next();
}

export const session = { looks, phase, me, notice, outage, following, refresh, follow, call, signIn, signOut, stepUp };
