package dev.ficha.spring;

import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.TypeReference;

/** For GraalVM native images: the core inside the jar, its JNI classes, and properties that are read by reflection. */
final class FichaRuntimeHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, ClassLoader classLoader) {
        hints.resources().registerPattern("dev/ficha/native/**");
        for (String name : new String[] {"dev.ficha.internal.NativeJNI", "dev.ficha.internal.Native"}) {
            hints.jni()
                    .registerType(
                            TypeReference.of(name),
                            MemberCategory.INVOKE_DECLARED_METHODS,
                            MemberCategory.ACCESS_DECLARED_FIELDS);
        }
        hints.jni().registerType(OutOfMemoryError.class, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS);
        for (Class<?> table : FichaProperties.class.getDeclaredClasses()) {
            hints.reflection().registerType(table, MemberCategory.INVOKE_PUBLIC_METHODS);
        }
        for (Class<?> stored : new Class<?>[] {
            FlashMaps.class,
            FlashMaps.Entry.class,
            FlashMaps.Text.class,
            StoredBinding.class,
            StoredBinding.Problem.class,
            StoredBinding.Name.class,
            StoredException.class
        }) {
            hints.reflection()
                    .registerType(
                            stored,
                            MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
                            MemberCategory.INVOKE_DECLARED_METHODS);
        }
    }
}
