package bank.statements;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.SecurityFilterChain;

/** The bank's statements, in Spring Boot. Whose session it is, and what the policy says, is settled before a handler runs. */
@SpringBootApplication
@EnableMethodSecurity
public class StatementsApplication {

    public static void main(String[] arguments) {
        SpringApplication.run(StatementsApplication.class, arguments);
    }

    @EventListener
    void ready(ApplicationReadyEvent event) {
        System.out.println("ready");
    }

    /** Paths are the policy's, and so is the check for requests from foreign pages; handlers say what they need. */
    @Bean
    SecurityFilterChain security(HttpSecurity http) {
        return http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .csrf(csrf -> csrf.disable())
                .requestCache(cache -> cache.disable())
                .build();
    }

    /** Users log in at the service auth: there are none here. */
    @Bean
    UserDetailsService users() {
        return name -> {
            throw new UsernameNotFoundException("users log in at the service auth");
        };
    }
}
