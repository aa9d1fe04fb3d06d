// Fastify's own plugins that keep something in a session.
import flash from '@fastify/flash';
import fastifyPassport from '@fastify/passport';
import Fastify from 'fastify';

class ByName extends fastifyPassport.Strategy {
  constructor() {
    super('by-name');
  }
  authenticate(request) {
    if (request.query.password === 'right') this.success({ name: request.query.name });
    else this.fail('no such user', 401);
  }
}

async function application({ side, browse, later }, register) {
  const app = Fastify();
  later(() => app.close());
  await side.fastify(app);
  await register(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return browse(app.server.address().port);
}

const seen = ({ status, text }) => [status, text];

export const fastifyScenarios = {
  async '@fastify/flash'(tools) {
    const { step } = tools;
    const browser = await application(tools, async (app) => {
      await app.register(flash);
      app.post('/login', async (request, reply) => {
        await request.session.regenerate();
        request.session.set('user', 'ada');
        request.flash('info', 'welcome');
        request.flash('info', ['again', 'and again']);
        return reply.redirect('/');
      });
      app.get('/', async (request, reply) => [request.session.get('user') ?? null, reply.flash('info'), reply.flash()]);
      app.post('/logout', async (request) => {
        await request.session.destroy();
        return 'out';
      });
    });
    await step('a visitor', seen(await browser.get('/')));
    await step('the login', (await browser.post('/login')).location);
    await step('what was flashed', seen(await browser.get('/')));
    await step('what is left of it', seen(await browser.get('/')));
    await step('the logout', seen(await browser.post('/logout')));
    await step('after it', seen(await browser.get('/')));
  },

  async '@fastify/passport'(tools) {
    const { step } = tools;
    const browser = await application(tools, async (app) => {
      const passport = new fastifyPassport.Authenticator();
      await app.register(passport.initialize());
      await app.register(passport.secureSession());
      passport.registerUserSerializer(async (user) => user.name);
      passport.registerUserDeserializer(async (name) => ({ name }));
      passport.use(new ByName());
      app.get('/me', async (request) => [request.user?.name ?? null, request.isAuthenticated(), request.session.cart ?? null]);
      app.get('/cart', async (request) => (request.session.cart = ['book']));
      const guard = (options) => ({ preValidation: passport.authenticate('by-name', { authInfo: false, ...options }) });
      app.post('/login', guard({ successRedirect: '/me' }), async () => 'in');
      app.post('/flashing', guard({ failureRedirect: '/failed', failureFlash: true }), async () => 'in');
      app.get('/failed', async (request, reply) => reply.flash('error'));
      app.post('/logout', async (request) => {
        await request.logOut();
        return 'out';
      });
    });
    await browser.get('/cart');
    await step('a visitor', seen(await browser.get('/me')));
    await step('a wrong password', seen(await browser.post('/login?name=ada&password=wrong')));
    await step('one with a message', (await browser.post('/flashing?name=ada&password=wrong')).location);
    await step('the message', seen(await browser.get('/failed')));
    await step('the login', (await browser.post('/login?name=ada&password=right')).location);
    await step('after the login', seen(await browser.get('/me')));
    await step('the logout', seen(await browser.post('/logout')));
    await step('after the logout', seen(await browser.get('/me')));
  },
};
