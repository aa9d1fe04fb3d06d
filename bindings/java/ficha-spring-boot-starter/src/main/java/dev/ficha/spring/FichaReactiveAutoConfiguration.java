package dev.ficha.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;

/** A WebFlux application would run without the policy that it was given: it does not start. */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
public final class FichaReactiveAutoConfiguration {

    FichaReactiveAutoConfiguration() {
        throw new IllegalStateException(
                "ficha-spring-boot-starter serves servlet applications (Spring MVC), and this one is"
                        + " a WebFlux application: no policy would be applied and no session be found. Use Spring MVC, or take the"
                        + " starter off the class path and call dev.ficha.FichaClient yourself");
    }
}
