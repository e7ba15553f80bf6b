/**
 * What an injection is made of, as words of several languages. A concept alone means nothing; rules and the trained
 * model look at their order and distance. Phrases are split by `;`. They are folded like the text that is searched.
 */
export const CONCEPTS = {
  forget:
    'ignore; ignoring; ignored; disregard; disregarding; forget; override; overrule; bypass; neglect; discard; drop all; skip all; set aside; pay no attention to; do not follow; dont follow; dont obey; stop following; do not obey; void; overwrite; cancel all; erase your; abandon; disobey; ' +
    'ignoriere; ignorieren; ignorier; vergiss; vergessen sie; missachte; missachten; lass ausser acht; hor nicht auf; hore nicht auf; abweichend zu; ' +
    'ignora; ignore; ignorar; ignoren; olvida; olvide; olvidate; haz caso omiso; desestima; omite; descarta; ' +
    'ignorez; oublie; oubliez; negligez; neglige; ne tenez pas compte; ne tiens pas compte; faites abstraction; ' +
    'dimentica; dimenticate; tralascia; non considerare; esqueca; esquece; desconsidere; negeer; vergeet; zignoruj; ignoruj; zapomnij; pomin; zaboravi; ignoriraj; игнорируй; игнорируйте; проигнорируй; забудь; забудьте; ' +
    '忽略; 无视; 忘记; 不要理会; 無視; 忽视; 無視して; 忘れて; 무시; yoksay; gormezden gel; unut; abaikan; lupakan; bo qua; अनदेखा; भूल जाओ; تجاهل',
  prior:
    'previous; previously; prior; above; earlier; preceding; foregoing; before; existing; all; any; every; everything; original; initial; your; rest of; other; current; so far; until now; ' +
    'vorherigen; vorherige; vorigen; bisherigen; obigen; obige; alle; alles; davor; zuvor; vorangegangenen; tum; anterior; anteriores; todas las; todo; previas; lo anterior; todas as; precedentes; precedents; anterieures; anterieurs; ci dessus; precedentes; toutes les; tout ce; tutte le; precedenti; tutto; eerdere; vorige; poprzednie; wszystkie; sve; prethodne; предыдущие; все; выше; 之前; 以前; 上述; 所有; 先前; 前面; これまで; 以上; 前の; 이전; 모든; onceki; sebelumnya; truoc; पिछले; سابقة; السابقة',
  instructions:
    'instruction; instructions; iunstructions; prompt; prompts; rules; guidelines; directions; directive; directives; commands; orders; guardrails; constraints; restrictions; safeguards; policies; programming; training; system message; system prompt; what you were told; ' +
    'anweisung; anweisungen; anleitungen; regeln; vorgaben; instruktionen; befehle; angaben; aufgaben; instrucciones; ordenes; reglas; indicaciones; consignes; regles; directives; istruzioni; regole; direttive; instrucoes; regras; diretrizes; instructies; regels; instrukcje; polecenia; zasady; instrukcije; инструкции; инструкций; указания; правила; 指令; 指示; 提示; 规则; 规定; 指示を; 命令; 지시; 지침; talimatlari; talimat; instruksi; huong dan; निर्देश; निर्देशों; التعليمات',
  content:
    'data; text; document; documents; content; contents; information; info; input; page; message; material; passage; article; indicators; context; results; snippets; question; task; tasks; conversation; report',
  model:
    'ai; assistant; assistants; chatgpt; gpt; gpt 0; claude; llm; llms; language model; language models; chatbot; bot; agent; agents; gemini; copilot; llama; mistral; ai model; ai system; automated system; automated systems; automated analysis; analysis software; screening system; screening systems; ai reading; ki; sprachmodell; asistente; assistente; modelo; modele; modello; asystent; 助手; 人工智能; 模型; ассистент; модель; アシスタント; 어시스턴트',
  say: 'print; say; output; write; respond; reply; repeat; answer; return; state; echo; type; tell; display; report; summarize; summarise; translate; reveal; show; list; describe; schreibe; schreib; sage; antworte; zeige; escribe; di; responde; repite; ecris; dis; reponds; scrivi; rispondi; escreva; responda; napisz; odpowiedz; напиши; ответь; скажи; 写; 说; 输出; 回答; 打印; 回复; 出力; 答え; 書いて',
  speaker:
    'assistant :; user :; system :; human :; ai :; instruction :; instructions :; prompt :; response :; thought :; action :',
  template:
    '< | im_start; < | im_end; < | endoftext; < | system; < | user; < | assistant; | im_start; im_start; im_end; endoftext; [ inst; [ / inst; / inst ]; inst ]; < sys; sys >; [ system; [ / system; < system; system >; < / system; < assistant; < human; # system; # instruction; # assistant; < information; / information >; < important; / important >; < instructions; < instruction; < admin; < secret; [ admin; [ important; [ instruction; [ system ]; [ hidden; < hidden; < function; < tool; { { system; { { user; < start_of_turn; < end_of_turn; < s > [; start_header_id; eot_id',
  only: 'only; nothing else; exactly; verbatim; just; simply; instead; word for word; nothing but; exclusively; no matter what; regardless; nur; ausschliesslich; genau; stattdessen; solo; unicamente; seulement; uniquement; soltanto; apenas; somente; tylko; только; 只; 仅; だけ',
  send: 'send; sending; email; e mail; forward; transfer; wire; pay; post; upload; share; exfiltrate; transmit; publish; submit; deliver; dm; invite; copy; leak; mail; call; sende; senden sie; schicke; uberweise; leite; envia; enviar; envie; reenvia; transfiere; envoie; envoyez; transferez; virez; invia; inoltra; trasferisci; envie; transfira; stuur; wyslij; przelej; отправь; отправьте; переведи; перешли; 发送; 转账; 转发; 送信; 전송; 보내',
  destroy:
    'delete; deleting; remove; erase; wipe; destroy; revoke; disable; purge; losche; elimina; borra; supprime; supprimez; cancella; apague; exclua; verwijder; usun; удали; удалите; 删除; 削除; 삭제; rm rf; drop table',
  change:
    'change; modify; update; set; reset; replace; edit; create; add; grant; approve; book; reserve; buy; purchase; order; schedule; increase; decrease; make; run; execute; install; download; open; visit; click; use the tool; call the tool; fetch; invoke; andere; erstelle; cambia; crea; modifie; creez; modifica; altere; crie; zmien; измени; создай; выполни; 修改; 更改; 创建; 执行; 安装; 変更; 実行',
  asset:
    'emails; email; inbox; file; files; password; passwords; credentials; api key; api keys; token; tokens; secret; secrets; transaction; transactions; money; account; accounts; messages; contacts; calendar; event; events; documents; history; code; codes; link; card; passport; address; iban; bank details; channel; payment; payments; funds; refund; security code; private key; ssh; environment variables; env; database; conversation; repository; repo; invoice; invoices; chat history; permission; permissions; reservation; hotel; user data; personal data; datei; dateien; passwort; geld; konto; correos; archivos; contrasena; dinero; cuenta; fichiers; mot de passe; argent; compte; denaro; conto; senha; dinheiro; haslo; pieniadze; пароль; деньги; файлы; письма; 密码; 文件; 邮件; 资金; パスワード; メール',
  sink: '@email; @url; @account; @phone',
  secrecy:
    'do not tell; dont tell; without telling; do not mention; dont mention; do not inform; without informing; without asking; do not ask; dont ask; secretly; silently; quietly; do not reveal this; hide this; never mention; keep this confidential; without notifying; do not notify; do not alert; without confirmation; without confirming; do not disclose; no need to ask; dont let the user; do not let the user; not tell the user; without the users; sag niemandem; ohne zu fragen; sin preguntar; no le digas; sans demander; ne dites pas; senza chiedere; nie mow; не говори; не сообщай; 不要告诉; 不要提',
  user: 'user; users; human; operator; owner; customer; reader; analyst; victim; benutzer; usuario; utilisateur; utente; uzytkownik; пользователь; пользователю; 用户; ユーザー',
  task: 'the task that i gave you; the task i gave you; in the beginning; after you do that; before you can; original task; your new task; new task; your task; your job; do the following; the following first; do this first; first do; once you have done; when you are done; continue with the; solve the task; then proceed; then continue; your goal; your objective; your mission; as your next step; next action; the actual task; real task; neue aufgabe; neuen aufgabe; nueva tarea; nouvelle tache; nuovo compito; nova tarefa; nowe zadanie; новая задача; 新任务; 任务; 新しいタスク',
  authority:
    'important message; system override; system notice; system message; system prompt; developer mode; admin mode; administrator; maintenance mode; debug mode; new instructions; updated instructions; new instruction; special instructions; additional instructions; hidden instructions; important instruction; important instructions; core instruction; follow instruction; follow these instructions; strictly adhere; adhere to; mandatory; you must; you should; must comply; required to; end of document; end of session; end of text; rest of document; end of context; end of input; begin instructions; security notice; priority; highest priority; high priority; authorized by; pre approved; pre verified; override; superuser; sudo; root access; this is a test; on behalf of; policy update; compliance requirement',
  urgency:
    'important; urgent; critical; attention; immediately; now; warning; note; notice; todo; alert; asap; wichtig; achtung; importante; urgente; attenzione; важно; внимание; 重要; 注意; 紧急',
  persona:
    'you are now; you will now; act as; pretend; pretend to be; roleplay; role play; from now on; dan; do anything now; jailbreak; jailbroken; unrestricted; no restrictions; without restrictions; without any restrictions; uncensored; unfiltered; no longer bound; stay in character; you are no longer; imagine you are; simulate; evil; opposite of; du bist jetzt; ab jetzt; ahora eres; a partir de ahora; tu es maintenant; desormais; ora sei; agora voce; a partir de agora; teraz jestes; теперь ты; отныне; 你现在是; 从现在起; 扮演; あなたは今',
  condition:
    'if you are; if you read; if asked; if the user; if user; when you read; when summarizing; when asked; whenever; when processing; while processing; upon reading; before answering; before responding; before using; in your response; in your answer; your response; your answer; your reply; in your summary; your output; at the end of your; begin your; start your; end your; along with your',
} as const;

export type Concept = keyof typeof CONCEPTS;
