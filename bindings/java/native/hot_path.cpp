// The two functions whose cost shows: every request passes the first, every answer of the store the second.
#include <jni.h>

#include <array>
#include <chrono>
#include <memory>
#include <new>
#include <type_traits>

#include "handle.hpp"
#include "requests.hpp"

namespace ficha::java {
namespace {

// The bytes of a Java array, on the stack when there are few.
class RequestBytes {
 public:
  RequestBytes(JNIEnv* env, jbyteArray array) : size_(static_cast<std::size_t>(env->GetArrayLength(array))) {
    if (size_ > few_.size()) many_ = std::make_unique_for_overwrite<char[]>(size_);
    env->GetByteArrayRegion(array, 0, static_cast<jsize>(size_), reinterpret_cast<jbyte*>(data()));
  }
  [[nodiscard]] Bytes view() noexcept { return {data(), size_}; }

 private:
  [[nodiscard]] char* data() noexcept { return many_ ? many_.get() : few_.data(); }

  std::size_t size_;
  std::array<char, 4096> few_;
  std::unique_ptr<char[]> many_;
};

// (id (8), length (4), answer)…
void append(Packed& out, const Completion& completion) {
  const Packed answer = completion.result ? pack(*completion.result) : pack(completion.result.error());
  const auto length = static_cast<std::uint32_t>(answer.size());
  out.append(reinterpret_cast<const char*>(&completion.id), sizeof completion.id);
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out += answer;
}

void throw_java(JNIEnv* env, const char* name, const char* message) {
  if (jclass type = env->FindClass(name)) env->ThrowNew(type, message);
}

// What `decide` says, in the caller's array: the size of the answer; 0 if only the store knows; less than 0 if the array
// is too short, by how much it takes.
jint try_authorize(JNIEnv* env, Handle handle, jbyteArray request, jbyteArray answer) {
  RequestBytes bytes{env, request};
  HeaderSpace space;
  const auto wanted = read_http_request(bytes.view(), space);
  if (!wanted) {
    throw_java(env, "java/lang/IllegalArgumentException", "malformed bytes");
    return 0;
  }
  const auto decision = at(handle).client->try_authorize(*wanted);
  if (!decision) return 0;
  const std::size_t size = packed_size(*decision);
  if (size > static_cast<std::size_t>(env->GetArrayLength(answer))) return -static_cast<jint>(size);
  std::array<char, 2048> few;
  std::unique_ptr<char[]> many;
  if (size > few.size()) many = std::make_unique_for_overwrite<char[]>(size);
  char* out = many ? many.get() : few.data();
  pack_into(*decision, out);
  env->SetByteArrayRegion(answer, 0, static_cast<jsize>(size), reinterpret_cast<const jbyte*>(out));
  return static_cast<jint>(size);
}

// Waits until something completed, or the client is closed and nothing is left to complete: then null.
jbyteArray await_completions(JNIEnv* env, Handle handle) {
  ClientHandle& owner = at(handle);
  while (owner.undelivered.empty()) {
    const bool closed = owner.closed;
    for (const Completion& completion : owner.queue->wait(std::chrono::hours{closed ? 0 : 1})) {
      append(owner.undelivered, completion);
    }
    if (closed && owner.undelivered.empty()) return nullptr;
  }
  const auto size = static_cast<jsize>(owner.undelivered.size());
  const jbyteArray batch = env->NewByteArray(size);
  if (!batch) return nullptr;  // OutOfMemoryError is pending; the caller comes again
  env->SetByteArrayRegion(batch, 0, size, reinterpret_cast<const jbyte*>(owner.undelivered.data()));
  owner.undelivered.clear();
  return batch;
}

}  // namespace
}  // namespace ficha::java

extern "C" {

JNIEXPORT jint JNICALL Java_dev_ficha_internal_NativeJNI_tryAuthorize(JNIEnv* env, jclass /*type*/, jlong handle,
                                                                      jbyteArray request, jbyteArray answer) {
  try {
    return ficha::java::try_authorize(env, handle, request, answer);
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
