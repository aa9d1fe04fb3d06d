// Pages by the address's fragment, so that any file server can serve them.
import { computed, ref, type Component } from 'vue';
import { session } from './session';
import Administration from './pages/Administration.vue';
import Cards from './pages/Cards.vue';
import Devices from './pages/Devices.vue';
import Reports from './pages/Reports.vue';
import Session from './pages/Session.vue';
import Transfers from './pages/Transfers.vue';

interface Page {
  id: string;
  title: string;
  component: Component;
  /** Without it, the page is for everybody. */
  role?: string;
}

const all: [Page, ...Page[]] = [
  { id: 'session', title: 'One session', component: Session },
  { id: 'transfers', title: 'Transfers', component: Transfers },
  { id: 'cards', title: 'Cards', component: Cards },
  { id: 'reports', title: 'Reports', component: Reports },
  { id: 'devices', title: 'My devices', component: Devices },
  { id: 'administration', title: 'Administration', component: Administration, role: 'admin' },
];

const fragment = ref(location.hash);
window.addEventListener('hashchange', () => (fragment.value = location.hash));

export const pages = computed(() => all.filter(({ role }) => !role || session.me.value?.roles.includes(role)));
export const page = computed(() => pages.value.find(({ id }) => fragment.value === `#${id}`) ?? all[0]);

/** Where the visitor was on the way to when a service sent him here to sign in: an application asks to act for him. */
export function destination(): string | null {
  const wanted = new URLSearchParams(location.search).get('next');
  if (!wanted) return null;
  const { origin, pathname, search } = new URL(wanted, location.origin);
  return origin === location.origin && pathname.startsWith('/auth/oauth/authorize') ? pathname + search : null;
}
