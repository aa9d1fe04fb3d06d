// Everything of Ficha: one include for services.
#pragma once

#include "ficha/client.hpp"
#include "ficha/completion_queue.hpp"
#include "ficha/config.hpp"
#include "ficha/cookie.hpp"
#include "ficha/decision.hpp"
#include "ficha/hooks.hpp"
#include "ficha/interceptor.hpp"
#include "ficha/policy.hpp"
#include "ficha/request.hpp"
#include "ficha/result.hpp"
#include "ficha/secret.hpp"
#include "ficha/session.hpp"
#include "ficha/settings.hpp"
#include "ficha/stats.hpp"
#include "ficha/store.hpp"
#include "ficha/token.hpp"
