package dev.ficha.spring;

import dev.ficha.FichaClient;
import java.net.URL;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.jackson.SecurityJacksonModules;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.jsontype.BasicPolymorphicTypeValidator;

/** Spring Security on the shared sessions: who the session stands for is who the request is from. */
@AutoConfiguration(after = FichaAutoConfiguration.class)
@ConditionalOnClass({HttpSessionSecurityContextRepository.class, SecurityJacksonModules.class})
@ConditionalOnBean(FichaSessionRepository.class)
public final class FichaSecurityAutoConfiguration {

    @Bean
    SecurityContexts fichaSecurityContexts(SpringAttributeModules modules, ObjectProvider<FichaUsers> users) {
        return new SpringSecurityContexts(new KeptLogins(modules.modules()), users.getIfAvailable());
    }

    @Bean
    SpringAttributeModules fichaSpringAttributeModules() {
        return new SpringAttributeModules(modules());
    }

    // Claims of an OpenID Connect login have, besides what Spring Security allows, addresses, numbers and the maps of
    // its
    // JSON parser; and people write List.of().
    static List<JacksonModule> modules() {
        return SecurityJacksonModules.getModules(
                FichaSecurityAutoConfiguration.class.getClassLoader(),
                BasicPolymorphicTypeValidator.builder()
                        .allowIfSubType(URL.class)
                        .allowIfSubType(Number.class)
                        .allowIfSubType("java.util.ImmutableCollections$")
                        .allowIfSubType("com.nimbusds.jose.shaded.gson.internal.LinkedTreeMap"));
    }

    @Bean
    ExpiredSessions fichaExpiredSessions(FichaClient client) {
        return new ExpiredSessions(client);
    }

    @Bean
    @ConditionalOnMissingBean
    SessionRegistry sessionRegistry(FichaClient client, ExpiredSessions expired) {
        return new FichaSessionRegistry(client, expired);
    }
}
