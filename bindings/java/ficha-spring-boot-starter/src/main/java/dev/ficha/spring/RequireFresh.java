package dev.ficha.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a handler method, or a controller: the principal must have proved itself within this time. Otherwise the answer is 401
 * with {@code error="insufficient_user_authentication"} (RFC 9470), for the client to have the user log in again.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface RequireFresh {
    /** {@code "5m"}, {@code "90s"}, {@code "PT5M"}. */
    String value();

    /** The least assurance level, 0 to 3. */
    int level() default 0;
}
