// NestJS on Express, with its own decorators, guards and exception filter.
import 'reflect-metadata';
import { Controller, Get, Module, Post, Req, Res, Session, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class LoggedIn {
  canActivate(context) {
    if (context.switchToHttp().getRequest().session.user) return true;
    throw new UnauthorizedException();
  }
}

/** Where a handler waits until the scenario goes on. */
function makeGate() {
  const made = {};
  made.reached = new Promise((resolve) => (made.arrive = resolve));
  made.opened = new Promise((resolve) => (made.open = resolve));
  return made;
}
let gate;

class Pages {
  views(session) {
    session.views = (session.views ?? 0) + 1;
    return [session.user ?? null, session.views];
  }
  login(request, session, response) {
    session.regenerate((error) => {
      if (error) return response.status(500).end();
      request.session.user = 'ada';
      response.redirect('/');
    });
  }
  account(session) {
    return { user: session.user };
  }
  async slow(session) {
    session.late = true;
    gate.arrive();
    await gate.opened;
    return 'saved';
  }
  async destroyed(request) {
    const { session } = request;
    await new Promise((resolve) => session.destroy(resolve));
    return typeof request.session;
  }
  logout(request, response) {
    request.session.destroy((error) => response.status(error ? 500 : 204).end());
  }
}

// What decorators would say in TypeScript.
function decorate(name, route, parameters, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(Pages.prototype, name);
  for (const decorator of [route, ...decorators]) decorator(Pages.prototype, name, descriptor);
  parameters.forEach((parameter, i) => parameter()(Pages.prototype, name, i));
}
decorate('views', Get(), [Session]);
decorate('login', Post('login'), [Req, Session, Res]);
decorate('account', Get('account'), [Session], UseGuards(LoggedIn));
decorate('slow', Get('slow'), [Session]);
decorate('destroyed', Get('destroyed'), [Req]);
decorate('logout', Post('logout'), [Req, Res]);
Controller()(Pages);
class Application {}
Module({ controllers: [Pages] })(Application);

export const nestScenarios = {
  async NestJS({ sessions, step, browse, later }) {
    const app = await NestFactory.create(Application, { logger: false });
    later(() => app.close());
    app.use(sessions());
    await app.listen(0, '127.0.0.1');
    const browser = browse(app.getHttpServer().address().port);
    const seen = async (path) => {
      const { status, text } = await browser.get(path);
      return [status, text];
    };
    await step('a visitor', await seen('/'));
    await step('a guarded page, to a visitor', await seen('/account'));
    await step('the login', (await browser.post('/login')).location);
    await step('after the login', [await seen('/'), await seen('/'), await seen('/account')]);
    await step('the logout', (await browser.post('/logout')).status);
    await step('after the logout', [await seen('/'), await seen('/account')]);
    await browser.post('/login');
    await step('a session that is destroyed in a handler', await seen('/destroyed'));
    await step('after it', await seen('/account'));
    await browser.post('/login');
    gate = makeGate();
    const slow = seen('/slow');
    await gate.reached;
    await browser.post('/logout');
    gate.open();
    await step('a request whose session was ended meanwhile', (await slow)[0]);
    await step('whether that brings the session back', (await seen('/account'))[0]);
  },
};
