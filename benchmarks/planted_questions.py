"""Questions to the made-up meetings of `benchmarks.planted`: some are answered there, the others nearly are."""

from dataclasses import dataclass

from benchmarks.planted import LIBRARY, SPORT, Meeting


@dataclass(frozen=True)
class Asked:
    """`answered` are questions with the lines that answer them; `absent` are such as nothing in the meeting answers.

    Many of the latter have words of what was said: another number of the same thing, another person, another time.
    """

    meeting: Meeting
    answered: tuple[tuple[str, tuple[int, ...]], ...]
    absent: tuple[str, ...]


IN_ENGLISH = Asked(
    LIBRARY,
    (
        ("How much did the repair of the roof cost?", (0,)),
        ("What happens to the red shelves?", (1, 2)),
        ("When will the new opening hours be sent to the schools?", (3,)),
        ("Who sends the opening hours to the schools?", (3,)),
        ("Will the library open on Sundays this year?", (4,)),
        ("Who calls the electrician?", (7,)),
        ("What is wrong in the basement?", (7,)),
        ("How many children came to the reading night?", (8,)),
        ("When is the reading night repeated?", (9,)),
        ("Until when does the question of the projector stay open?", (5, 6)),
    ),
    (
        "How much did the projector cost?",
        "How many adults came to the reading night?",
        "Who is the mayor of the town?",
        "When does the council meet?",
        "Which author was invited to the reading night?",
        "When was the library built?",
        "Who repaired the roof?",
        "How many books were borrowed last year?",
        "What is the telephone number of the electrician?",
        "Which colour do the new chairs have?",
        "What did the architect say about the garden?",
        "How long does the train to Berlin take?",
    ),
)  # fmt: skip

IN_FRENCH = Asked(
    SPORT,
    (
        ("Combien a coûté la réparation du parquet ?", (0,)),
        ("Que deviennent les anciens vestiaires ?", (1, 2)),
        ("Quand les nouveaux horaires seront-ils envoyés aux parents ?", (3,)),
        ("Qui envoie les horaires aux parents ?", (3,)),
        ("La cotisation va-t-elle augmenter cette année ?", (4,)),
        ("Qui appelle le plombier ?", (7,)),
        ("Pourquoi faut-il appeler le plombier ?", (7,)),
        ("Combien d'enfants se sont inscrits au tournoi ?", (8,)),
        ("Quand le tournoi sera-t-il refait ?", (9,)),
        ("Jusqu'à quand la question du minibus reste-t-elle ouverte ?", (5, 6)),
    ),
    (
        "Combien a coûté le minibus ?",
        "Combien d'adultes se sont inscrits au tournoi ?",
        "Qui est le maire de la ville ?",
        "Quand a lieu la prochaine réunion ?",
        "Quelle équipe a gagné le tournoi ?",
        "Quand le gymnase a-t-il été construit ?",
        "Qui a réparé le parquet ?",
        "Combien de ballons ont été achetés l'an dernier ?",
        "Quel est le numéro de téléphone du plombier ?",
        "De quelle couleur sont les nouveaux maillots ?",
        "Qu'a dit l'architecte au sujet de la piscine ?",
        "Combien de temps dure le trajet jusqu'à Lyon ?",
    ),
)  # fmt: skip

GARAGE = Meeting(
    "en",
    (
        ("Clerk", "Good morning, Miller's garage, what can I do for you?"),
        ("Caller", "My van makes a grinding noise since Tuesday, mostly when I brake."),
        ("Clerk", "That sounds like the front pads. You could bring it in on Thursday at eight."),
        ("Caller", "Thursday is fine. What would that come to?"),
        ("Clerk", "About 180 pounds with the labour, if the discs are all right."),
        ("Caller", "And would you have a car for me meanwhile?"),
        ("Clerk", "We can lend you the small red one, but it has to be back by six."),
        ("Caller", "Perfect. The name is Harding, and I will pay by card."),
    ),
    (), (),
)  # fmt: skip

SURGERY = Meeting(
    "fr",
    (
        ("Secrétaire", "Cabinet du docteur Perrin, bonjour, que puis-je faire pour vous ?"),
        ("Patient", "J'ai mal au genou depuis samedi, surtout dans les escaliers."),
        ("Secrétaire", "Le docteur peut vous voir vendredi à onze heures."),
        ("Patient", "Vendredi me convient. Dois-je apporter quelque chose ?"),
        ("Secrétaire", "Oui, vos radios de l'année dernière, et votre carte vitale."),
        ("Patient", "Et la consultation coûte combien, maintenant ?"),
        ("Secrétaire", "Trente euros, à régler en espèces ou par chèque."),
        ("Patient", "Très bien, c'est noté. Je m'appelle Lenoir."),
    ),
    (), (),
)  # fmt: skip

CALLS = (
    Asked(
        GARAGE,
        (
            ("Since when is there a noise?", (1,)),
            ("When should the van be brought to the garage?", (2, 3)),
            ("How much will the repair cost?", (4,)),
            ("By when does the red car have to be back?", (6,)),
            ("How will the caller pay?", (7,)),
            ("What is the customer called?", (7,)),
        ),
        (
            "How much does the rental of a car cost per day?",
            "Who sold the van to the caller?",
            "When was the van last inspected?",
            "How many miles has the van driven?",
            "What is the address of the garage?",
            "Which colour does the van have?",
        ),
    ),
    Asked(
        SURGERY,
        (
            ("Depuis quand a-t-il mal au genou ?", (1,)),
            ("Quand est le rendez-vous ?", (2, 3)),
            ("Que doit apporter le patient ?", (4,)),
            ("Combien coûte la consultation ?", (6,)),
            ("Comment peut-on payer ?", (6,)),
            ("Comment s'appelle le patient ?", (7,)),
        ),
        (
            "Combien de temps dure la consultation ?",
            "Qui a envoyé le patient chez le docteur ?",
            "Quand le patient a-t-il été opéré ?",
            "Quel âge a le patient ?",
            "Quelle est l'adresse du cabinet ?",
            "Quel médicament le docteur a-t-il prescrit ?",
        ),
    ),
)
"""People ask in other words than those that were said. The check was changed for these, too: none of the sets is unseen."""

ASKED = {"meetings": (IN_ENGLISH, IN_FRENCH), "calls": CALLS}
