// SWIG: Java's byte[] for Bytes and Packed, and no C++ exception into the JVM.
%module Native

%{
#include "facade.hpp"

#include <new>
#include <optional>

namespace {

// A copy of a Java array's bytes, taken without pinning it.
class ArrayBytes {
 public:
  ArrayBytes(JNIEnv* env, jbyteArray array) {
    if (!array) return;
    const jsize size = env->GetArrayLength(array);
    bytes_.resize(static_cast<std::size_t>(size));
    env->GetByteArrayRegion(array, 0, size, reinterpret_cast<jbyte*>(bytes_.data()));
  }
  // Requests and tokens hold secrets.
  ~ArrayBytes() {
    volatile char* byte = bytes_.data();
    for (std::size_t i = 0; i < bytes_.size(); ++i) byte[i] = 0;
  }
  [[nodiscard]] std::string_view view() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace
%}

%include <stdint.i>

%typemap(jni) ficha::java::Bytes "jbyteArray"
%typemap(jtype) ficha::java::Bytes "byte[]"
%typemap(jstype) ficha::java::Bytes "byte[]"
%typemap(javain) ficha::java::Bytes "$javainput"
%typemap(in) ficha::java::Bytes (std::optional<ArrayBytes> bytes) %{
  if (!$input) {
    SWIG_JavaThrowException(jenv, SWIG_JavaNullPointerException, "null byte[]");
    return $null;
  }
  try {
    bytes.emplace(jenv, $input);
  } catch (const std::bad_alloc&) {
    SWIG_JavaThrowException(jenv, SWIG_JavaOutOfMemoryError, "ficha");
    return $null;
  }
  $1 = bytes->view();
%}

%typemap(jni) ficha::java::Packed "jbyteArray"
%typemap(jtype) ficha::java::Packed "byte[]"
%typemap(jstype) ficha::java::Packed "byte[]"
%typemap(javaout) ficha::java::Packed { return $jnicall; }
%typemap(out) ficha::java::Packed %{
  $result = jenv->NewByteArray(static_cast<jsize>($1.size()));
  if ($result) {
    jenv->SetByteArrayRegion($result, 0, static_cast<jsize>($1.size()), reinterpret_cast<const jbyte*>($1.data()));
  }
%}

%exception %{
  try {
    $action
  } catch (const std::bad_alloc&) {
    SWIG_JavaThrowException(jenv, SWIG_JavaOutOfMemoryError, "ficha");
    return $null;
  } catch (const std::exception&) {
    SWIG_JavaThrowException(jenv, SWIG_JavaRuntimeException, "ficha: internal error");
    return $null;
  }
%}

%typemap(jni) signed char* "jbyteArray"
%typemap(jtype) signed char* "byte[]"
%typemap(jstype) signed char* "byte[]"
%typemap(javain) signed char* "$javainput"
// Implemented in hot_path.cpp.
%native(tryAuthorize) int tryAuthorize(int64_t handle, signed char* request, int request_size, bool keep, signed char* answer, int capacity);
%native(tryLoad) int tryLoad(int64_t handle, signed char* token, bool touch, bool fresh, bool keep, signed char* answer, int capacity);
%native(awaitCompletions) ficha::java::Packed awaitCompletions(int64_t handle);

%pragma(java) jniclasscode=%{
  static {
    NativeLoader.load();
  }
%}

%ignore ficha::java::Answer;
%ignore ficha::java::Source;
%rename("%(lowercamelcase)s", %$isfunction) "";
%include "facade.hpp"
