// The functions whose cost shows: every request passes one of the first two, every answer of the store the third.
#include <jni.h>

#include <array>
#include <chrono>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

#include "handle.hpp"
#include "requests.hpp"

namespace ficha::java {
namespace {

// The first bytes of a Java array, on the stack when there are few.
class RequestBytes {
 public:
  RequestBytes(JNIEnv* env, jbyteArray array, jint size) : size_(static_cast<std::size_t>(size)) {
    if (size_ > few_.size()) many_ = std::make_unique_for_overwrite<char[]>(size_);
    env->GetByteArrayRegion(array, 0, size, reinterpret_cast<jbyte*>(data()));
  }
  [[nodiscard]] Bytes view() noexcept { return {data(), size_}; }

 private:
  [[nodiscard]] char* data() noexcept { return many_ ? many_.get() : few_.data(); }

  std::size_t size_;
  std::array<char, 4096> few_;
  std::unique_ptr<char[]> many_;
};

// Answers are handed to Java in batches of about so many bytes, for which a full heap still finds an array.
constexpr std::size_t batch_bytes = std::size_t{64} * 1024;

// (id (8), length (4), answer)…
void append(Packed& out, const Completion& completion) {
  const Packed answer = completion.result ? pack(*completion.result) : pack(completion.result.error());
  put(out, completion.id);
  put(out, static_cast<std::uint32_t>(answer.size()));
  out += answer;
}

void throw_java(JNIEnv* env, const char* name, const char* message) {
  if (jclass type = env->FindClass(name)) env->ThrowNew(type, message);
}

// An answer in the caller's array: its size; less than 0 if the array is too short, by how much it takes.
template <class Pack>
jint answer_into(JNIEnv* env, jbyteArray answer, jint capacity, std::size_t size, Pack pack) {
  if (size > static_cast<std::size_t>(capacity)) return -static_cast<jint>(size);
  std::array<char, 2048> few;
  std::unique_ptr<char[]> many;
  if (size > few.size()) many = std::make_unique_for_overwrite<char[]>(size);
  char* out = many ? many.get() : few.data();
  pack(out);
  env->SetByteArrayRegion(answer, 0, static_cast<jsize>(size), reinterpret_cast<const jbyte*>(out));
  return static_cast<jint>(size);
}

// What only the store knows; with `keep`, for Java to submit or to drop.
template <class Wanted>
jint leave_unknown(JNIEnv* env, Wanted wanted, bool keep, jbyteArray answer, jint capacity) {
  std::unique_ptr<Unknown> kept;
  if (keep) kept = std::make_unique<Unknown>(std::move(wanted));
  const auto number = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(kept.get()));
  const jint size =
      answer_into(env, answer, capacity, packed_unknown_size, [=](char* out) { pack_unknown(number, out); });
  if (size > 0) static_cast<void>(kept.release());
  return size;
}

jint try_load(JNIEnv* env, Handle handle, jbyteArray token, LoadOptions options, bool keep, jbyteArray answer,
              jint capacity) {
  RequestBytes bytes{env, token, env->GetArrayLength(token)};
  auto tried = at(handle).client->try_load(bytes.view(), options);
  const auto* known = std::get_if<std::optional<Session>>(&tried);
  if (!known) return leave_unknown(env, std::get<UncachedSession>(std::move(tried)), keep, answer, capacity);
  return answer_into(env, answer, capacity, packed_size(*known), [&](char* out) { pack_into(*known, out); });
}

jint try_authorize(JNIEnv* env, Handle handle, jbyteArray request, jint request_size, bool keep, jbyteArray answer,
                   jint capacity) {
  RequestBytes bytes{env, request, request_size};
  HeaderSpace space;
  const auto wanted = read_http_request(bytes.view(), space);
  if (!wanted) {
    throw_java(env, "java/lang/IllegalArgumentException", "malformed bytes");
    return 0;
  }
  auto tried = at(handle).client->try_authorize(*wanted);
  const auto* decision = std::get_if<Decision>(&tried);
  if (!decision) return leave_unknown(env, std::get<UndecidedRequest>(std::move(tried)), keep, answer, capacity);
  return answer_into(env, answer, capacity, packed_size(*decision), [&](char* out) { pack_into(*decision, out); });
}

// Waits until something completed, or the client is closed and nothing is left to complete: then null.
jbyteArray await_completions(JNIEnv* env, Handle handle) {
  ClientHandle& owner = at(handle);
  while (owner.undelivered.empty()) {
    const bool closed = owner.closed;
    for (Completion& completion : owner.queue->wait(std::chrono::hours{closed ? 0 : 1})) {
      owner.undelivered.push_back(std::move(completion));
    }
    if (closed && owner.undelivered.empty()) return nullptr;
  }
  Packed packed;
  auto next = owner.undelivered.begin();
  while (next != owner.undelivered.end() && packed.size() < batch_bytes) append(packed, *next++);
  const auto size = static_cast<jsize>(packed.size());
  const jbyteArray batch = env->NewByteArray(size);
  if (!batch) return nullptr;  // OutOfMemoryError is pending
  env->SetByteArrayRegion(batch, 0, size, reinterpret_cast<const jbyte*>(packed.data()));
  owner.undelivered.erase(owner.undelivered.begin(), next);
  return batch;
}

}  // namespace
}  // namespace ficha::java

extern "C" {

JNIEXPORT jint JNICALL Java_dev_ficha_internal_NativeJNI_tryLoad(JNIEnv* env, jclass /*type*/, jlong handle,
                                                                 jbyteArray token, jboolean touch, jboolean fresh,
                                                                 jboolean keep, jbyteArray answer, jint capacity) {
  try {
    return ficha::java::try_load(env, handle, token, {touch != 0, fresh != 0}, keep != 0, answer, capacity);
  } catch (const std::bad_alloc&) {
    ficha::java::throw_java(env, "java/lang/OutOfMemoryError", "ficha");
    return 0;
  }
}

JNIEXPORT jint JNICALL Java_dev_ficha_internal_NativeJNI_tryAuthorize(JNIEnv* env, jclass /*type*/, jlong handle,
                                                                      jbyteArray request, jint request_size,
                                                                      jboolean keep, jbyteArray answer, jint capacity) {
  try {
    return ficha::java::try_authorize(env, handle, request, request_size, keep != 0, answer, capacity);
  } catch (const std::bad_alloc&) {
    ficha::java::throw_java(env, "java/lang/OutOfMemoryError", "ficha");
    return 0;
  }
}

JNIEXPORT jbyteArray JNICALL Java_dev_ficha_internal_NativeJNI_awaitCompletions(JNIEnv* env, jclass /*type*/,
                                                                                jlong handle) {
  try {
    return ficha::java::await_completions(env, handle);
  } catch (const std::bad_alloc&) {
    ficha::java::throw_java(env, "java/lang/OutOfMemoryError", "ficha");
    return nullptr;
  }
}
}
