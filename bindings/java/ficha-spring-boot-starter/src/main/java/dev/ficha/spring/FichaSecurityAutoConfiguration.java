package dev.ficha.spring;

import dev.ficha.FichaClient;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.jackson.SecurityJacksonModules;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;

/** Spring Security on the shared sessions: who the session stands for is who the request is from. */
@AutoConfiguration(after = FichaAutoConfiguration.class)
@ConditionalOnClass({HttpSessionSecurityContextRepository.class, SecurityJacksonModules.class})
@ConditionalOnBean(FichaSessionRepository.class)
public final class FichaSecurityAutoConfiguration {

    @Bean
    SecurityContexts fichaSecurityContexts() {
        return new SpringSecurityContexts();
    }

    @Bean
    SpringAttributeModules fichaSpringAttributeModules() {
        return new SpringAttributeModules(
                SecurityJacksonModules.getModules(getClass().getClassLoader()));
    }

    @Bean
    @ConditionalOnMissingBean
    SessionRegistry sessionRegistry(FichaClient client) {
        return new FichaSessionRegistry(client);
    }
}
