package dev.ficha.spring;

/**
 * Session attributes as JSON, which services in every language read. A bean of this type takes the place of the default,
 * {@link JacksonAttributeMapper}. Objects that Spring itself puts into sessions are none of its business, unless it has a
 * type for them.
 *
 * <p>Messages of exceptions name the attribute, never its value. Not called with null values.
 */
public interface AttributeMapper {
    /** The name in the store, of 64 bytes at most, for the name that Java code uses. */
    String storedName(String name);

    /** Whether values of this attribute are of a type that was configured, of Spring's own classes too. */
    default boolean hasType(String storedName) {
        return false;
    }

    /** Errors: IllegalArgumentException for a value that would not be read as what it is. */
    String write(String storedName, Object value);

    /** What {@link #write} wrote, or a service in another language. */
    Object read(String storedName, String json);
}
