// The bank's cards, in Express. Whose session it is, and what the policy says, is settled before a handler runs.
import express from 'express';
import { Client, respondTo } from 'ficha';
import { requireRole, requireScope, sessions } from 'ficha/express';
import { CardFolder } from './card_folder.mjs';

const { FICHA_CONFIG, PORT, INSTANCE, BANK_DATA } = process.env;

const client = new Client(FICHA_CONFIG);
const cards = new CardFolder(BANK_DATA);
const app = express();

app.disable('x-powered-by');
app.set('trust proxy', 'loopback');
// Integers beyond 2^53 are BigInt here. Node 20 cannot write one as a number: there it goes out as text.
const written = JSON.rawJSON ?? String;
app.set('json replacer', (_key, value) => (typeof value === 'bigint' ? written(value.toString()) : value));
app.use(sessions(client));
app.use(express.json({ strict: false }));

// The one attribute that holds what the page's user notes. Names that users choose are keys in it, never attributes.
const NOTES = 'notes';

const describe = ({ principal, roles, scopes, session }) => ({
  service: 'cards',
  instance: INSTANCE,
  principal,
  roles,
  scopes,
  authenticated_at: session.authenticatedAt,
  notes: session.attributes[NOTES] ?? {},
});

app.get('/cards/health', (req, res) => res.json({ service: 'cards', instance: INSTANCE }));

app.get('/cards/session', (req, res) => res.json(describe(req.ficha)));

async function change(req, res, changes) {
  await client.patch(req.ficha.session, changes);
  await req.session.reload();
  res.json(describe(req.ficha));
}

const owner = requireScope('account');

app.put('/cards/session/notes/:key', owner, (req, res) => {
  if (req.body === undefined) throw badRequest('The body is a JSON value.');
  return change(req, res, { put: { [NOTES]: { [req.params.key]: req.body } } });
});

app.delete('/cards/session/notes/:key', owner, (req, res) => {
  return change(req, res, { take: { [NOTES]: [req.params.key] } });
});

app.get('/cards/cards', async (req, res) => res.json(await cards.of(req.ficha.principal)));

const setFrozen = (frozen) => async (req, res, next) => {
  const card = await cards.setFrozen(req.ficha.principal, req.params.id, frozen);
  if (card) res.json(card);
  else next();
};
app.post('/cards/cards/:id/freeze', requireRole('card-manager'), setFrozen(true));
app.post('/cards/cards/:id/unfreeze', requireRole('card-manager'), setFrozen(false));

function badRequest(message) {
  return Object.assign(new Error(message), { status: 400, expose: true });
}

app.use((req, res) => res.status(404).json({ error: 'not_found', message: 'Not Found' }));

// 503 where Redis could not answer, 401 where the session has ended meanwhile, 403 where the policy says so, …
app.use((error, req, res, _next) => {
  const answer = respondTo(error);
  const status = answer?.status ?? error.status ?? 500;
  if (status === 500) console.error(error);
  if (answer) return res.status(status).set(answer.headers).type('json').send(answer.body);
  // What went wrong inside is nothing for clients.
  if (status >= 500) return res.status(status).json({ error: 'internal', message: 'something went wrong here' });
  res.status(status).json({ error: 'bad_request', message: error.message });
});

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log('ready');
});

process.once('SIGTERM', () => {
  server.close(() => client.close());
});
