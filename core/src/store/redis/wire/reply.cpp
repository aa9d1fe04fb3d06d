#include "store/redis/wire/reply.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace ficha::redis {

ReplyView::Type ReplyView::type() const noexcept {
  switch (reply_ ? reply_->type : REDIS_REPLY_NIL) {
    case REDIS_REPLY_NIL:
      return Type::nil;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_VERB:
      return Type::string;
    case REDIS_REPLY_INTEGER:
      return Type::integer;
    case REDIS_REPLY_ERROR:
      return Type::error;
    case REDIS_REPLY_ARRAY:
    case REDIS_REPLY_MAP:
    case REDIS_REPLY_SET:
    case REDIS_REPLY_PUSH:
      return Type::array;
    default:
      return Type::other;
  }
}

std::string_view ReplyView::text() const noexcept {
  const Type kind = type();
  if (kind != Type::string && kind != Type::error) return {};
  return {reply_->str, reply_->len};
}

std::int64_t ReplyView::integer() const noexcept {
  return type() == Type::integer ? reply_->integer : 0;
}

std::size_t ReplyView::size() const noexcept {
  return type() == Type::array ? reply_->elements : 0;
}

ReplyView ReplyView::operator[](std::size_t i) const noexcept {
  return ReplyView{i < size() ? reply_->element[i] : nullptr};
}

void ReplyDeleter::operator()(redisReply* reply) const noexcept {
  freeReplyObject(reply);
}

bool is_push(const Reply& reply) noexcept {
  return reply && reply->type == REDIS_REPLY_PUSH;
}

struct ReplyReader::Budget {
  ReplyLimits limits;
  redisReplyObjectFunctions create;  // hiredis' own, behind Guard
  redisReplyObjectFunctions guarded;
  std::size_t elements = 0;
  std::size_t bytes = 0;
  const char* exceeded = nullptr;
};

// Stands before the functions by which hiredis makes objects: one that returns null stops the reader.
struct ReplyReader::Guard {
  static Budget& budget(const redisReadTask* task) noexcept { return *static_cast<Budget*>(task->privdata); }

  static void* refuse(Budget& budget, const char* limit) noexcept {
    budget.exceeded = limit;
    return nullptr;
  }

  static void* string(const redisReadTask* task, char* bytes, std::size_t length) {
    Budget& spent = budget(task);
    spent.bytes += length;
    if (length > spent.limits.string_bytes) return refuse(spent, "a string in a reply is too long");
    if (spent.bytes > spent.limits.total_bytes) return refuse(spent, "a reply is too long");
    return spent.create.createString(task, bytes, length);
  }

  static void* array(const redisReadTask* task, std::size_t elements) {
    Budget& spent = budget(task);
    std::size_t depth = 1;
    for (const redisReadTask* parent = task->parent; parent; parent = parent->parent) ++depth;
    if (depth > spent.limits.depth) return refuse(spent, "a reply is nested too deeply");
    if (elements > spent.limits.elements - spent.elements) return refuse(spent, "a reply has too many elements");
    spent.elements += elements;
    return spent.create.createArray(task, elements);
  }
};

ReplyReader::ReplyReader(ReplyLimits limits) : budget_(std::make_unique<Budget>()), reader_(redisReaderCreate()) {
  if (!reader_) throw std::bad_alloc{};
  budget_->limits = limits;
  budget_->create = *reader_->fn;
  budget_->guarded = budget_->create;
  budget_->guarded.createString = &Guard::string;
  budget_->guarded.createArray = &Guard::array;
  reader_->fn = &budget_->guarded;
  reader_->privdata = budget_.get();
  reader_->maxelements = static_cast<long long>(limits.elements);
}

ReplyReader::~ReplyReader() {
  redisReaderFree(reader_);
}

void ReplyReader::feed(std::string_view bytes) noexcept {
  redisReaderFeed(reader_, bytes.data(), bytes.size());
}

Reply ReplyReader::next() noexcept {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_, &reply) != REDIS_OK) return nullptr;
  if (reply) {
    budget_->elements = budget_->bytes = 0;
    return Reply{static_cast<redisReply*>(reply)};
  }
  // What is left is one unfinished item: a length line and a string, or a line.
  constexpr std::size_t framing = 32;
  if (reader_->len - reader_->pos > budget_->limits.string_bytes + framing)
    budget_->exceeded = "a string in a reply is too long";
  return nullptr;
}

// hiredis begins its first task before there are bytes for it.
bool ReplyReader::is_midway() const noexcept {
  return reader_->pos < reader_->len || (reader_->ridx >= 0 && reader_->task[0]->type >= 0);
}

bool ReplyReader::failed() const noexcept {
  return reader_->err != 0 || budget_->exceeded;
}

std::string ReplyReader::error() const {
  if (budget_->exceeded) return budget_->exceeded;
  // hiredis quotes the offending byte at most, never a value.
  return reader_->errstr;
}

}  // namespace ficha::redis
